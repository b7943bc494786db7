import { Alert, Button, Divider, Grid, Group, Stack, Title } from '@mantine/core';
import { useForm } from '@mantine/form';
import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useClient } from '../../../live/live';
import { useErrorText } from '../../../live/use-error-text';
import { fieldErrors } from '../field-errors';
import { variablesOf } from '../templates/texts';
import { useTemplates } from '../templates/use-templates';
import { ANNOUNCEMENTS_KEY, ANNOUNCEMENTS_PATH } from './announcement';
import { AudiencePreview } from './audience-preview';
import { ConfirmSending } from './confirm-sending';
import { announcementOf, type Draft, draftFieldOf, EMPTY_DRAFT, targetOf, textsOf } from './draft';
import { TargetFields } from './target-fields';
import { TextFields } from './text-fields';
import { TimeFields } from './time-fields';
import { useAudience } from './use-audience';

/** Writes an announcement; it leaves only after its number of people was seen and confirmed. */
export function Composer({ close }: { close: () => void }) {
  const { t } = useTranslation('admin');
  const errorText = useErrorText();
  const client = useClient();
  const queries = useQueryClient();
  const templates = useTemplates();
  const [confirming, setConfirming] = useState(false);
  // The same for as long as it is the same text: what was sent and not answered is not announced twice.
  const [key, setKey] = useState(newKey);
  const own = (value: string, { templateId }: Draft): string | null =>
    templateId === null && value.trim() === '' ? t('required') : null;
  const form = useForm<Draft>({
    initialValues: EMPTY_DRAFT,
    validate: {
      title: own,
      body: own,
      category: (category) => (category === null ? t('required') : null),
      audience: (_audience, draft) => (targetOf(draft) === null ? t('audience.nobodyNamed') : null),
      sendAt: (sendAt, { when }) => (when === 'later' && sendAt === null ? t('required') : null),
    },
    onValuesChange: () => setKey(newKey()),
  });
  const template = templates.data?.find(({ id }) => id === form.values.templateId);
  const texts = textsOf(form.values, template);
  const variables = variablesOf(texts.title, texts.body);
  const target = targetOf(form.values);
  const audience = useAudience(target, form.values.category);
  const send = useMutation({
    mutationFn: () =>
      client.request('POST', ANNOUNCEMENTS_PATH, announcementOf(form.values, variables), {
        'idempotency-key': key,
      }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ANNOUNCEMENTS_KEY });
      notifications.show({
        message: t(form.values.when === 'now' ? 'composer.begun' : 'composer.scheduled'),
      });
      close();
    },
    onError: (error) => {
      setConfirming(false);
      form.setErrors(fieldErrors(error, draftFieldOf).fields);
    },
  });
  const { fields, rest } = fieldErrors(send.error ?? {}, draftFieldOf);
  return (
    <form onSubmit={form.onSubmit(() => setConfirming(true))} noValidate aria-label={t('composer.title')}>
      <Stack gap="md" maw={960}>
        <Title order={2} size="h4">
          {t('composer.title')}
        </Title>
        <Grid gap="xl">
          <Grid.Col span={{ base: 12, md: 6 }}>
            <TextFields
              form={form}
              templates={templates.data ?? []}
              template={template}
              variables={variables}
            />
          </Grid.Col>
          <Grid.Col span={{ base: 12, md: 6 }}>
            <Stack gap="md">
              <TargetFields form={form} />
              <AudiencePreview audience={audience} named={target !== null} />
              <Divider />
              <TimeFields form={form} />
            </Stack>
          </Grid.Col>
        </Grid>
        {send.error && Object.keys(fields).length === 0 && (
          <Alert color="red" role="alert">
            {rest.length > 0 ? rest.join(' ') : errorText(send.error)}
          </Alert>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            {t('discard')}
          </Button>
          {/* How many it is for has to be known before anybody can confirm it. */}
          <Button
            type="submit"
            disabled={audience.counting || (target !== null && audience.data === undefined)}
          >
            {t('composer.review')}
          </Button>
        </Group>
      </Stack>
      {confirming && (
        <ConfirmSending
          people={audience.data?.audience ?? 0}
          sendAt={form.values.when === 'later' ? form.values.sendAt : null}
          sending={send.isPending}
          confirm={() => send.mutate()}
          close={() => setConfirming(false)}
        />
      )}
    </form>
  );
}

/** `crypto.randomUUID` is only there on https and on this machine. */
const newKey = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join(
    '',
  );
