import { Paper, SimpleGrid, Text } from '@mantine/core';
import type { StatisticsView } from '@kindline/contracts';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../use-format';

type Live = StatisticsView['live'];

/** Leads are told by then: whoever still waits is waiting too long. */
const TOO_LONG_S = 1_800;

const sum = <Item,>(items: readonly Item[], of: (item: Item) => number): number =>
  items.reduce((total, item) => total + of(item), 0);

export function LiveTiles({ live }: { live: Live }) {
  const { t } = useTranslation('admin');
  const { number, duration } = useFormat();
  const { programs, queues, outboxes } = live;
  const waiting = sum(programs, ({ pending: { under_1m, under_5m, under_30m, over_30m } }) =>
    [under_1m, under_5m, under_30m, over_30m].reduce((total, count) => total + count, 0),
  );
  const oldest = Math.max(0, ...programs.map(({ pending }) => pending.oldest_s));
  const known = programs.flatMap(({ available_helpers: helpers }) => (helpers === null ? [] : [helpers]));
  const due = sum(outboxes, (outbox) => outbox.due);
  const late = Math.max(0, ...queues.map((queue) => queue.oldest_due_s));
  return (
    <SimpleGrid cols={{ base: 2, sm: 3, xl: 6 }} spacing="sm">
      <Tile
        title={t('live.waiting')}
        value={number(waiting)}
        note={waiting === 0 ? t('live.nobodyWaits') : t('live.longest', { time: duration(oldest) })}
        alarming={oldest > TOO_LONG_S}
      />
      <Tile
        title={t('live.open')}
        value={number(sum(programs, (program) => program.open_conversations))}
        note={t('live.openNote')}
      />
      <Tile
        title={t('live.helpers')}
        value={number(sum(known, (helpers) => helpers))}
        note={known.length < programs.length ? t('live.helpersUnknown') : t('live.helpersNote')}
        alarming={waiting > 0 && sum(known, (helpers) => helpers) === 0}
      />
      <Tile title={t('live.calls')} value={number(live.open_calls)} note={t('live.callsNote')} />
      <Tile
        title={t('live.bookings')}
        value={number(live.undelivered_bookings)}
        note={t('live.bookingsNote')}
      />
      <Tile
        title={t('live.due')}
        value={number(due + sum(queues, (queue) => queue.due))}
        note={late < 1 ? t('live.onTime') : t('live.late', { time: duration(late) })}
        alarming={late > 60}
      />
    </SimpleGrid>
  );
}

function Tile({
  title,
  value,
  note,
  alarming = false,
}: {
  title: string;
  value: string;
  note: string;
  alarming?: boolean;
}) {
  return (
    <Paper withBorder p="sm" {...(alarming && { style: { borderColor: 'var(--mantine-color-error)' } })}>
      <Text size="sm" c="dimmed">
        {title}
      </Text>
      <Text fz={30} fw={700} lh={1.2} style={{ fontVariantNumeric: 'tabular-nums' }}>
        {value}
      </Text>
      <Text size="sm" fw={alarming ? 600 : 400} c={alarming ? 'var(--mantine-color-error)' : 'dimmed'}>
        {note}
      </Text>
    </Paper>
  );
}
