import { Container, Loader, Stack, Text, Title, VisuallyHidden } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconCalendarCheck } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useClient, useStore } from '../../live/live';
import { BookingCard } from './booking-card';

export default function FacilitatorRoom() {
  const { t } = useTranslation('facilitator');
  const inbox = useStore(useClient().bookings.inbox);
  return (
    <Container size="sm" px={0}>
      <Stack>
        <Title order={1} size="h3">
          {t('title')}
        </Title>
        <NewBookings />
        {inbox === null && <Loader aria-label={t('loading')} />}
        {inbox?.length === 0 && <Nothing />}
        {inbox !== null && inbox.length > 0 && (
          <>
            <Text c="dimmed">{t('count', { count: inbox.length })}</Text>
            <Stack component="ul" gap="sm" p={0} m={0} style={{ listStyle: 'none' }}>
              {inbox.map((booking) => (
                <BookingCard key={booking.notificationId} booking={booking} />
              ))}
            </Stack>
          </>
        )}
      </Stack>
    </Container>
  );
}

/** Tells of each booking that comes: to the eye at the top of the page, to the ear when it is silent. */
function NewBookings() {
  const { t } = useTranslation('facilitator');
  const { bookings } = useClient();
  const [newest, setNewest] = useState('');
  useEffect(
    () =>
      bookings.onBooking(({ notificationId, user, session }) => {
        const message = t('isNew', { name: user.name, title: session.title });
        setNewest(message);
        notifications.show({
          id: notificationId,
          role: 'presentation',
          icon: <IconCalendarCheck size={18} aria-hidden />,
          title: t('new'),
          message,
          autoClose: 8_000,
        });
      }),
    [bookings, t],
  );
  return (
    <VisuallyHidden role="status" aria-live="polite">
      {newest}
    </VisuallyHidden>
  );
}

function Nothing() {
  const { t } = useTranslation('facilitator');
  return (
    <Stack align="center" gap="xs" py="xl" ta="center">
      <IconCalendarCheck size={40} color="var(--mantine-color-dimmed)" aria-hidden />
      <Text fw={600}>{t('nothing')}</Text>
      <Text c="dimmed" maw={400}>
        {t('nothingAbout')}
      </Text>
    </Stack>
  );
}
