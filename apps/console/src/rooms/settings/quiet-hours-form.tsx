import type { ClientError } from '@kindline/client';
import { Alert, Button, Group, Select, Stack, Switch, Text, TextInput, Title } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useTranslation } from 'react-i18next';
import { useErrorText } from '../../live/use-error-text';
import { type QuietHours, useChangePreferences } from './preferences';

const here = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** Every zone this browser knows; the given ones are in it even if it does not. */
const timeZones = (...given: string[]): string[] => [
  ...new Set([...given, ...Intl.supportedValuesOf('timeZone')]),
];

/** When nothing may make a sound. */
export function QuietHoursForm({ now }: { now: QuietHours | null }) {
  const { t } = useTranslation('settings');
  const errorText = useErrorText();
  const change = useChangePreferences();
  const form = useForm({
    initialValues: { on: now !== null, from: '22:00', to: '07:00', timeZone: here, ...now },
    validate: {
      from: (from) => (from === '' ? t('quiet.missing') : null),
      to: (to, { from }) => (to === '' ? t('quiet.missing') : to === from ? t('quiet.same') : null),
      timeZone: (zone) => (zone ? null : t('quiet.missing')),
    },
  });
  const save = (quietHours: QuietHours | null): void =>
    change.mutate(
      { quietHours },
      {
        onSuccess: () => form.resetDirty(),
        onError: (error) =>
          form.setErrors(
            Object.fromEntries(
              ((error as ClientError).errors ?? []).map(({ path, message }) => [
                path.replace('quietHours.', ''),
                message,
              ]),
            ),
          ),
      },
    );
  return (
    <form onSubmit={form.onSubmit(({ from, to, timeZone }) => save({ from, to, timeZone }))}>
      <Stack component="section" aria-labelledby="quiet">
        <div>
          <Title order={2} size="h4" id="quiet">
            {t('quiet.title')}
          </Title>
          <Text c="dimmed" size="sm">
            {t('quiet.about')}
          </Text>
        </div>
        <Switch
          size="md"
          label={t('quiet.on')}
          checked={form.values.on}
          onChange={({ currentTarget: { checked } }) => {
            form.setFieldValue('on', checked);
            if (!checked && now !== null) save(null);
          }}
        />
        {form.values.on && (
          <>
            <Group align="flex-start" grow>
              <TextInput type="time" label={t('quiet.from')} {...form.getInputProps('from')} />
              <TextInput type="time" label={t('quiet.to')} {...form.getInputProps('to')} />
            </Group>
            <Select
              label={t('quiet.timeZone')}
              data={timeZones(here, form.values.timeZone)}
              searchable
              limit={100}
              allowDeselect={false}
              nothingFoundMessage={t('quiet.noZone')}
              {...form.getInputProps('timeZone')}
            />
            <Group>
              <Button type="submit" loading={change.isPending} disabled={now !== null && !form.isDirty()}>
                {t('quiet.save')}
              </Button>
            </Group>
          </>
        )}
        <Text size="sm" role="status">
          {change.isSuccess && !form.isDirty() ? t('quiet.saved') : ''}
        </Text>
        {change.error && (
          <Alert color="red" role="alert">
            {errorText(change.error)}
          </Alert>
        )}
      </Stack>
    </form>
  );
}
