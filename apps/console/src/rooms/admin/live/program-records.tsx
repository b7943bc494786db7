import { Badge, Group, Text } from '@mantine/core';
import type { StatisticsView } from '@kindline/contracts';
import { useTranslation } from 'react-i18next';
import { Records } from '../records';
import { useFormat } from '../use-format';

const WAITS = [
  { name: 'under_1m', color: 'gray' },
  { name: 'under_5m', color: 'gray' },
  { name: 'under_30m', color: 'orange' },
  { name: 'over_30m', color: 'red' },
] as const;

/** Each program with who talks, who waits for how long, and who could help. */
export function ProgramRecords({ programs }: { programs: StatisticsView['live']['programs'] }) {
  const { t } = useTranslation('admin');
  const { number, duration } = useFormat();
  return (
    <Records
      label={t('live.byProgram')}
      rows={programs}
      keyOf={({ program }) => program}
      columns={[
        {
          id: 'program',
          title: t('program'),
          heading: true,
          cell: ({ program }) => <Text fw={600}>{t(`programs.${program}`)}</Text>,
        },
        {
          id: 'open',
          title: t('live.open'),
          cell: ({ open_conversations: open }) => number(open),
        },
        {
          id: 'waiting',
          title: t('live.waiting'),
          cell: ({ pending }) => {
            const some = WAITS.filter(({ name }) => pending[name] > 0);
            if (some.length === 0) return t('live.nobody');
            return (
              <Group gap={4}>
                {some.map(({ name, color }) => (
                  <Badge key={name} variant="light" color={color} tt="none">
                    {`${number(pending[name])} ${t(`live.wait.${name}`)}`}
                  </Badge>
                ))}
              </Group>
            );
          },
        },
        {
          id: 'oldest',
          title: t('live.longestWait'),
          cell: ({ pending: { oldest_s: oldest } }) => (oldest === 0 ? '–' : duration(oldest)),
        },
        {
          id: 'helpers',
          title: t('live.helpers'),
          cell: ({ available_helpers: helpers }) => (helpers === null ? t('live.unknown') : number(helpers)),
        },
      ]}
    />
  );
}
