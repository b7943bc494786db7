import { Alert, Group, Loader, Paper, Stack, Switch, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useErrorText } from '../../live/use-error-text';
import { useVolunteer, type Volunteer } from './use-volunteer';

/** Whether one is asked at all, and what one has given so far. */
export function Availability() {
  const { t } = useTranslation('volunteer');
  const errorText = useErrorText();
  const { profile, available } = useVolunteer();
  const error = profile.error ?? available.error;
  const { data } = profile;
  return (
    <Paper withBorder p="md">
      <Stack gap="sm">
        {error && (
          <Alert color="red" role="alert">
            {errorText(error)}
          </Alert>
        )}
        {profile.isPending && <Loader aria-label={t('loading')} />}
        {data && (
          <>
            <Switch
              size="md"
              label={t('available.label')}
              description={t(data.available ? 'available.on' : 'available.off')}
              checked={available.isPending ? available.variables : data.available}
              disabled={available.isPending || !data.active}
              onChange={({ currentTarget }) => available.mutate(currentTarget.checked)}
            />
            {!data.active && <Text size="sm">{t('available.inactive')}</Text>}
            <Numbers volunteer={data} />
          </>
        )}
      </Stack>
    </Paper>
  );
}

function Numbers({ volunteer }: { volunteer: Volunteer }) {
  const { t, i18n } = useTranslation('volunteer');
  const { time_spent_volunteering_s: seconds, rating, reviews } = volunteer;
  const number = new Intl.NumberFormat(i18n.language, { maximumFractionDigits: 1 });
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
  return (
    <Group component="dl" gap="xl" m={0}>
      <Fact
        name={t('numbers.time')}
        value={hours > 0 ? t('numbers.hours', { hours, minutes }) : t('numbers.minutes', { minutes })}
      />
      <Fact
        name={t('numbers.rating', { count: reviews })}
        value={rating === null ? t('numbers.none') : t('numbers.of5', { rating: number.format(rating) })}
      />
    </Group>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <Text component="dt" size="sm">
        {name}
      </Text>
      <Text component="dd" fw={600} m={0}>
        {value}
      </Text>
    </div>
  );
}
