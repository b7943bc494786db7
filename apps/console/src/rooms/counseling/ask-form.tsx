import { Alert, Button, Container, Stack, Text, TextInput, Title } from '@mantine/core';
import { useForm } from '@mantine/form';
import { IconShieldLock } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useClient } from '../../live/live';
import { useErrorText } from '../../live/use-error-text';

/** Asks for a counsellor; the topic may stay empty. */
export function AskForm() {
  const { t } = useTranslation('counseling');
  const { counseling } = useClient();
  const errorText = useErrorText();
  const form = useForm({ initialValues: { topic: '' } });
  const ask = useMutation({
    mutationFn: ({ topic }: { topic: string }) => counseling.ask(topic.trim() || undefined),
  });
  return (
    <Container size="xs" px={0} py="md">
      <form autoComplete="off" onSubmit={form.onSubmit((values) => ask.mutate(values))}>
        <Stack>
          <Title order={1} size="h3">
            {t('ask.title')}
          </Title>
          <Text>{t('ask.about')}</Text>
          <Alert color="teal" icon={<IconShieldLock aria-hidden />} title={t('ask.privateTitle')}>
            {t('ask.private')}
          </Alert>
          <TextInput
            label={t('ask.topic')}
            description={t('ask.topicAbout')}
            size="md"
            maxLength={200}
            {...form.getInputProps('topic')}
          />
          {ask.error && (
            <Alert color="red" role="alert">
              {errorText(ask.error)}
            </Alert>
          )}
          <Button type="submit" size="md" loading={ask.isPending}>
            {t('ask.start')}
          </Button>
        </Stack>
      </form>
    </Container>
  );
}
