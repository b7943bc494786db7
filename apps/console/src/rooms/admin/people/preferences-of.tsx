import { Stack, Switch, Text, Title } from '@mantine/core';
import type { PreferencesView } from '@kindline/contracts';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useClient } from '../../../live/live';
import { Answer } from '../answer';
import { ALL_CATEGORIES } from '../choices';

/** Somebody's preferences as they see them; only they change them. */
export function PreferencesOf({ sub }: { sub: string }) {
  const { t } = useTranslation('admin');
  const client = useClient();
  const path = `/api/people/${encodeURIComponent(sub)}/notification-preferences`;
  const preferences = useQuery({
    queryKey: ['admin', path],
    queryFn: () => client.request<PreferencesView>('GET', path),
  });
  return (
    <Answer query={preferences}>
      {({ categories, quietHours }) => (
        <Stack gap="sm">
          <Text size="sm" c="dimmed">
            {t('preferences.about')}
          </Text>
          <Title order={3} size="h5">
            {t('preferences.categories')}
          </Title>
          {ALL_CATEGORIES.map((category) => (
            <Switch
              key={category}
              readOnly
              aria-readonly
              checked={categories[category]}
              label={t(`categories.${category}`)}
              description={t(`categoryAbout.${category}`)}
            />
          ))}
          <Title order={3} size="h5" mt="sm">
            {t('preferences.quiet')}
          </Title>
          <Text>
            {quietHours === null ? t('preferences.noQuiet') : t('preferences.quietFrom', { ...quietHours })}
          </Text>
        </Stack>
      )}
    </Answer>
  );
}
