import type { ClientError, SupportChannel } from '@kindline/client';
import { Alert, Button, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useClient } from '../../live/live';
import { useErrorText } from '../../live/use-error-text';
import { ChatHeader } from '../chat-header';

interface OpenFormProps {
  back: { label: string; go: () => void };
  onOpened: (channel: SupportChannel) => void;
}

/** Opens a channel with its first message. */
export function OpenForm({ back, onOpened }: OpenFormProps) {
  const { t } = useTranslation('support');
  const { support } = useClient();
  const errorText = useErrorText();
  const form = useForm({
    initialValues: { subject: '', message: '' },
    validate: { message: (message) => (message.trim() === '' ? t('open.messageMissing') : null) },
  });
  const open = useMutation({
    mutationFn: ({ subject, message }: { subject: string; message: string }) =>
      support.open({ subject: subject.trim() || undefined, message: message.trim() }),
    onSuccess: onOpened,
    onError: (error) =>
      form.setErrors(
        Object.fromEntries(((error as ClientError).errors ?? []).map(({ path, message }) => [path, message])),
      ),
  });
  return (
    <form autoComplete="off" noValidate onSubmit={form.onSubmit((values) => open.mutate(values))}>
      <Stack maw={560}>
        <ChatHeader title={t('open.title')} back={back} actions={null} error={null}>
          <Text c="dimmed">{t('open.about')}</Text>
        </ChatHeader>
        <TextInput label={t('open.subject')} size="md" maxLength={200} {...form.getInputProps('subject')} />
        <Textarea
          label={t('open.message')}
          size="md"
          autosize
          minRows={4}
          maxRows={12}
          required
          {...form.getInputProps('message')}
        />
        {open.error && (
          <Alert color="red" role="alert">
            {errorText(open.error)}
          </Alert>
        )}
        <Button type="submit" size="md" loading={open.isPending}>
          {t('open.start')}
        </Button>
      </Stack>
    </form>
  );
}
