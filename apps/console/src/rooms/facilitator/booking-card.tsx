import type { Booking } from '@kindline/client';
import { Alert, Badge, Button, Card, Group, Stack, Text } from '@mantine/core';
import { IconCalendarEvent, IconCheck } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useClient } from '../../live/live';
import { useErrorText } from '../../live/use-error-text';
import { dayAndTime } from '../durations';
import { sessionTime } from './session-time';

/** A booking that was not marked as read. */
export function BookingCard({ booking }: { booking: Booking }) {
  const { t, i18n } = useTranslation('facilitator');
  const { bookings } = useClient();
  const errorText = useErrorText();
  const { user, session, live, storedAt } = booking;
  const read = useMutation({ mutationFn: () => bookings.markRead(booking.notificationId) });
  return (
    <Card component="li" withBorder padding="md">
      <Stack gap="xs">
        <Group justify="space-between" align="flex-start" gap="xs">
          <Text fw={600} style={{ overflowWrap: 'anywhere' }} flex="1 1 12rem">
            {session.title}
          </Text>
          <Badge color={live ? 'teal' : 'orange'} variant="light">
            {live ? t('live') : t('missed')}
          </Badge>
        </Group>
        <Group gap={6} wrap="nowrap" align="flex-start">
          <IconCalendarEvent size={18} style={{ flexShrink: 0 }} aria-hidden />
          <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
            {sessionTime(session.startTime, i18n.language)}
          </Text>
        </Group>
        <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
          {user.name} · {user.email}
        </Text>
        {read.error && (
          <Alert color="red" role="alert" p="xs">
            {errorText(read.error)}
          </Alert>
        )}
        <Group justify="space-between">
          <Text size="xs" c="dimmed">
            {t('booked', { time: dayAndTime(storedAt, i18n.language) })}
          </Text>
          <Button
            variant="light"
            size="xs"
            leftSection={<IconCheck size={16} aria-hidden />}
            loading={read.isPending}
            onClick={() => read.mutate()}
            aria-label={t('markIt', { name: user.name, title: session.title })}
          >
            {t('mark')}
          </Button>
        </Group>
      </Stack>
    </Card>
  );
}
