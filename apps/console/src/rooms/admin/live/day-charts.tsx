import '@mantine/charts/styles.css';
import { AreaChart, BarChart } from '@mantine/charts';
import { SimpleGrid } from '@mantine/core';
import type { StatisticsHour } from '@kindline/contracts';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../use-format';
import { ChartCard } from './chart-card';

const OUTCOMES = [
  { name: 'accepted', color: 'teal.6' },
  { name: 'pending', color: 'blue.5' },
  { name: 'skipped', color: 'gray.5' },
  { name: 'unknown', color: 'yellow.6' },
  { name: 'rejected', color: 'red.6' },
] as const;

const total = (hours: readonly StatisticsHour[], of: (hour: StatisticsHour) => number): number =>
  hours.reduce((sum, hour) => sum + of(hour), 0);

/** The last 24 hours; the only part of the console that needs the chart library. */
export default function DayCharts({ hours }: { hours: readonly StatisticsHour[] }) {
  const { t } = useTranslation('admin');
  const { number, time, duration } = useFormat();
  const data = hours.map(({ from, pushes, ...hour }) => ({ ...hour, ...pushes, at: time(from) }));
  const requests = total(hours, (hour) => hour.requests);
  const acceptances = total(hours, (hour) => hour.acceptances);
  const messages = total(hours, (hour) => hour.messages);
  const pushes = total(hours, (hour) => OUTCOMES.reduce((sum, { name }) => sum + hour.pushes[name], 0));
  const slowest = Math.max(0, ...hours.map((hour) => hour.median_acceptance_s ?? 0));
  const shared = {
    h: 260,
    data,
    dataKey: 'at',
    valueFormatter: number,
    tickLine: 'none',
    xAxisProps: { minTickGap: 24 },
    yAxisProps: { width: 44, allowDecimals: false },
    withLegend: true,
    legendProps: { verticalAlign: 'bottom', itemSorter: null },
  } as const;
  // The figure's caption says it all to who cannot see it; arrow keys in a picture would only be in their way.
  const quiet = { accessibilityLayer: false } as const;
  return (
    <SimpleGrid cols={{ base: 1, lg: 2 }}>
      <ChartCard
        title={t('charts.requests')}
        summary={t('charts.requestsSummary', {
          requests: number(requests),
          acceptances: number(acceptances),
        })}
        empty={requests + acceptances === 0}
      >
        <BarChart
          {...shared}
          barChartProps={quiet}
          series={[
            { name: 'requests', label: t('charts.asked'), color: 'indigo.5' },
            { name: 'acceptances', label: t('charts.accepted'), color: 'teal.6' },
          ]}
        />
      </ChartCard>
      <ChartCard
        title={t('charts.median')}
        summary={t('charts.medianSummary', { time: duration(slowest) })}
        empty={acceptances === 0}
      >
        <AreaChart
          {...shared}
          areaChartProps={quiet}
          withLegend={false}
          connectNulls={false}
          curveType="linear"
          valueFormatter={duration}
          yAxisProps={{ width: 64 }}
          series={[{ name: 'median_acceptance_s', label: t('charts.median'), color: 'teal.6' }]}
        />
      </ChartCard>
      <ChartCard
        title={t('charts.messages')}
        summary={t('charts.messagesSummary', { messages: number(messages) })}
        empty={messages === 0}
      >
        <BarChart
          {...shared}
          barChartProps={quiet}
          withLegend={false}
          series={[{ name: 'messages', label: t('charts.messages'), color: 'indigo.5' }]}
        />
      </ChartCard>
      <ChartCard
        title={t('charts.pushes')}
        summary={t('charts.pushesSummary', { pushes: number(pushes) })}
        empty={pushes === 0}
      >
        <BarChart
          {...shared}
          barChartProps={quiet}
          type="stacked"
          series={OUTCOMES.map(({ name, color }) => ({ name, color, label: t(`status.${name}`) }))}
        />
      </ChartCard>
    </SimpleGrid>
  );
}
