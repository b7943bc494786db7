import { SimpleGrid, Text, Title } from '@mantine/core';
import type { AnnouncementCounts as Counts } from '@kindline/contracts';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../use-format';

const ORDER = [
  'audience',
  'excluded_by_preference',
  'accepted',
  'pending',
  'skipped',
  'unknown',
  'rejected',
] as const satisfies readonly (keyof Counts)[];

/** What became of it in numbers. */
export function AnnouncementCounts({ counts }: { counts: Counts }) {
  const { t } = useTranslation('admin');
  const { number } = useFormat();
  return (
    <section>
      <Title order={3} size="h5" mb="xs">
        {t('counts.title')}
      </Title>
      <SimpleGrid component="dl" cols={{ base: 2, xs: 4 }} spacing="sm" m={0}>
        {ORDER.map((name) => (
          <div key={name}>
            <Text component="dt" size="sm" c="dimmed">
              {t(`counts.${name}`)}
            </Text>
            <Text component="dd" m={0} fw={600}>
              {number(counts[name])}
            </Text>
          </div>
        ))}
      </SimpleGrid>
      <Text size="sm" c="dimmed" mt="xs">
        {t('counts.about')}
      </Text>
    </section>
  );
}
