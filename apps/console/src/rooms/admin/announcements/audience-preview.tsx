import { Group, Loader, Paper, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useErrorText } from '../../../live/use-error-text';
import { useFormat } from '../use-format';
import type { useAudience } from './use-audience';

/** How many people it is for, and how many of them do not want to hear of such. */
export function AudiencePreview({
  audience: { data, error, counting },
  named,
}: {
  audience: ReturnType<typeof useAudience>;
  named: boolean;
}) {
  const { t } = useTranslation('admin');
  const { number } = useFormat();
  const errorText = useErrorText();
  const said = !named ? (
    <Text size="sm" c="dimmed">
      {t('audience.nobodyNamed')}
    </Text>
  ) : error && !counting ? (
    <Text size="sm" c="var(--mantine-color-error)">
      {errorText(error)}
    </Text>
  ) : data === undefined ? (
    <Text size="sm" c="dimmed">
      {t('audience.counting')}
    </Text>
  ) : (
    <div style={{ opacity: counting ? 0.6 : 1 }}>
      <Text fw={600}>{t('audience.people', { count: data.audience, people: number(data.audience) })}</Text>
      <Text size="sm" c="dimmed">
        {data.opted_out === null
          ? t('audience.withoutCategory')
          : t('audience.optedOut', { count: data.opted_out, people: number(data.opted_out) })}
      </Text>
    </div>
  );
  return (
    <Paper withBorder p="sm" aria-live="polite" aria-busy={counting}>
      <Group justify="space-between" wrap="nowrap" align="flex-start" mih={46}>
        {said}
        {named && counting && <Loader size="xs" aria-hidden />}
      </Group>
    </Paper>
  );
}
