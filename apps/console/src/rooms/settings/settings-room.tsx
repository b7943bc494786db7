import { Alert, Container, Divider, Loader, Stack, Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useErrorText } from '../../live/use-error-text';
import { Categories } from './categories';
import { Inbox } from './inbox';
import { usePreferences } from './preferences';
import { QuietHoursForm } from './quiet-hours-form';

export default function SettingsRoom() {
  const { t } = useTranslation('settings');
  const errorText = useErrorText();
  const preferences = usePreferences();
  return (
    <Container size="sm" px={0} pb="xl">
      <Stack gap="xl">
        <Title order={1} size="h3">
          {t('title')}
        </Title>
        <Inbox />
        <Divider />
        {preferences.isPending && <Loader aria-label={t('loading')} />}
        {preferences.error && (
          <Alert color="red" role="alert">
            {errorText(preferences.error)}
          </Alert>
        )}
        {preferences.data && (
          <>
            <Categories categories={preferences.data.categories} />
            <Divider />
            <QuietHoursForm now={preferences.data.quietHours} />
          </>
        )}
      </Stack>
    </Container>
  );
}
