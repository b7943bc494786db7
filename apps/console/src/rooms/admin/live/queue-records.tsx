import { Stack, Text } from '@mantine/core';
import type { StatisticsView } from '@kindline/contracts';
import { useTranslation } from 'react-i18next';
import { Records } from '../records';
import { useFormat } from '../use-format';

type Live = StatisticsView['live'];

/** What is to be done in the background, for who looks after the deployment. */
export function QueueRecords({ queues, outboxes }: Pick<Live, 'queues' | 'outboxes'>) {
  const { t } = useTranslation('admin');
  const { number, duration } = useFormat();
  const late = (seconds: number): string => (seconds < 1 ? '–' : duration(seconds));
  const count = (title: string, id: 'due' | 'scheduled' | 'running' | 'given_up') => ({
    id,
    title,
    cell: (queue: Live['queues'][number]) => number(queue[id]),
  });
  return (
    <Stack gap="lg">
      <Records
        label={t('queues.title')}
        rows={queues}
        keyOf={({ queue }) => queue}
        columns={[
          {
            id: 'queue',
            title: t('queues.title'),
            heading: true,
            cell: ({ queue }) => <Text fw={600}>{t(`queues.${queue}`)}</Text>,
          },
          count(t('queues.due'), 'due'),
          count(t('queues.scheduled'), 'scheduled'),
          count(t('queues.running'), 'running'),
          count(t('queues.givenUp'), 'given_up'),
          { id: 'late', title: t('queues.late'), cell: ({ oldest_due_s: oldest }) => late(oldest) },
        ]}
      />
      <Records
        label={t('outboxes.title')}
        rows={outboxes}
        keyOf={({ outbox }) => outbox}
        columns={[
          {
            id: 'outbox',
            title: t('outboxes.title'),
            heading: true,
            cell: ({ outbox }) => <Text fw={600}>{t(`outboxes.${outbox}`)}</Text>,
          },
          { id: 'due', title: t('queues.due'), cell: ({ due }) => number(due) },
          { id: 'late', title: t('queues.late'), cell: ({ oldest_due_s: oldest }) => late(oldest) },
        ]}
      />
    </Stack>
  );
}
