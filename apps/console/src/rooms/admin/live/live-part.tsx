import { Accordion, SimpleGrid, Skeleton, Stack, Text, Title } from '@mantine/core';
import type { StatisticsView } from '@kindline/contracts';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import { useClient } from '../../../live/live';
import { Answer } from '../answer';
import { useFormat } from '../use-format';
import { LiveTiles } from './live-tiles';
import { ProgramRecords } from './program-records';
import { QueueRecords } from './queue-records';

const LOOK_EVERY_MS = 5_000;

const DayCharts = lazy(() => import('./day-charts'));

/** How the deployment is right now, and what the last day was like. */
export default function LivePart() {
  const { t } = useTranslation('admin');
  const format = useFormat();
  const client = useClient();
  const statistics = useQuery({
    queryKey: ['admin', 'statistics'],
    queryFn: () => client.request<StatisticsView>('GET', '/api/statistics'),
    refetchInterval: LOOK_EVERY_MS,
  });
  return (
    <Answer query={statistics}>
      {({ live, hours }) => (
        <Stack gap="xl">
          <section aria-labelledby="live-now">
            <Title order={2} size="h4" id="live-now">
              {t('live.now')}
            </Title>
            <Text size="sm" c="dimmed" mb="sm">
              {t('live.asOf', { time: format.exactTime(live.read_at) })}
            </Text>
            <LiveTiles live={live} />
          </section>
          <section aria-labelledby="live-programs">
            <Title order={2} size="h4" id="live-programs" mb="sm">
              {t('live.byProgram')}
            </Title>
            <ProgramRecords programs={live.programs} />
          </section>
          <section aria-labelledby="live-day">
            <Title order={2} size="h4" id="live-day" mb="sm">
              {t('live.lastDay')}
            </Title>
            <Suspense fallback={<WaitingCharts />}>
              <DayCharts hours={hours} />
            </Suspense>
          </section>
          <Accordion variant="separated">
            <Accordion.Item value="machinery">
              <Accordion.Control>{t('live.machinery')}</Accordion.Control>
              <Accordion.Panel>
                <QueueRecords queues={live.queues} outboxes={live.outboxes} />
              </Accordion.Panel>
            </Accordion.Item>
          </Accordion>
        </Stack>
      )}
    </Answer>
  );
}

function WaitingCharts() {
  return (
    <SimpleGrid cols={{ base: 1, lg: 2 }}>
      {[1, 2, 3, 4].map((key) => (
        <Skeleton key={key} h={280} />
      ))}
    </SimpleGrid>
  );
}
