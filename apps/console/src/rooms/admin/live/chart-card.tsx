import { Paper, Text } from '@mantine/core';
import { type ReactNode, useId } from 'react';
import { useTranslation } from 'react-i18next';
import { Nothing } from '../answer';

/** A chart with its name and, in words, what it shows. */
export function ChartCard({
  title,
  summary,
  empty,
  children,
}: {
  title: string;
  summary: string;
  empty: boolean;
  children: ReactNode;
}) {
  const { t } = useTranslation('admin');
  const id = useId();
  return (
    <Paper component="figure" withBorder p="sm" m={0} aria-labelledby={id}>
      <figcaption id={id}>
        <Text fw={600} component="span" display="block">
          {title}
        </Text>
        <Text size="sm" c="dimmed" component="span" display="block" mb="xs">
          {empty ? t('charts.nothing') : summary}
        </Text>
      </figcaption>
      {empty ? <Nothing>{t('charts.quiet')}</Nothing> : <div aria-hidden>{children}</div>}
    </Paper>
  );
}
