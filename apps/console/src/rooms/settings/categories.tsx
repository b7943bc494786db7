import { Alert, Badge, Group, Stack, Switch, Text, Title } from '@mantine/core';
import { IconLock } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useErrorText } from '../../live/use-error-text';
import { OPTIONAL, type OptionalCategory, type Preferences, useChangePreferences } from './preferences';

/** A switch for each, but for what somebody waits for right now: that stays on. */
export function Categories({ categories }: { categories: Preferences['categories'] }) {
  const { t } = useTranslation('settings');
  return (
    <Stack component="section" aria-labelledby="categories">
      <div>
        <Title order={2} size="h4" id="categories">
          {t('categories.title')}
        </Title>
        <Text c="dimmed" size="sm">
          {t('categories.about')}
        </Text>
      </div>
      <Group wrap="nowrap" align="flex-start" gap="sm">
        <IconLock size={24} style={{ flexShrink: 0, marginInline: 9 }} aria-hidden />
        <div>
          <Group gap="xs">
            <Text>{t('categories.transactional.label')}</Text>
            <Badge variant="light">{t('categories.always')}</Badge>
          </Group>
          <Text c="dimmed" size="sm">
            {t('categories.transactional.about')}
          </Text>
        </div>
      </Group>
      {OPTIONAL.map((category) => (
        <CategorySwitch key={category} category={category} on={categories[category]} />
      ))}
    </Stack>
  );
}

function CategorySwitch({ category, on }: { category: OptionalCategory; on: boolean }) {
  const { t } = useTranslation('settings');
  const errorText = useErrorText();
  const change = useChangePreferences();
  // What was chosen shows at once, and goes back if it could not be kept.
  const wanted = change.isPending ? change.variables.categories?.[category] : undefined;
  return (
    <div>
      <Switch
        size="md"
        label={t(`categories.${category}.label`)}
        description={t(`categories.${category}.about`)}
        checked={wanted ?? on}
        onChange={({ currentTarget }) => change.mutate({ categories: { [category]: currentTarget.checked } })}
      />
      {change.error && (
        <Alert color="red" role="alert" p="xs" mt="xs">
          {errorText(change.error)}
        </Alert>
      )}
    </div>
  );
}
