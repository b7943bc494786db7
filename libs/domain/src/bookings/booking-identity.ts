import type { BookingEvent, BookingNotification } from '@kindline/contracts';
import { createHash } from 'node:crypto';

/** What is stored of a booking as it came. */
export type StoredContent = Pick<BookingEvent, 'booking_id' | 'user' | 'session'>;

/**
 * What makes an event the same event: its own id, else the caller's idempotency key, else its facilitator,
 * booking and content.
 */
export function dedupeKey(event: BookingEvent, idempotencyKey?: string): string {
  const key = event.event_id ?? idempotencyKey;
  if (key !== undefined) return `key:${key}`;
  const { facilitator_id, booking_id, user, session } = event;
  const content = [
    String(facilitator_id),
    booking_id,
    user.id,
    user.name,
    user.email,
    session.id,
    session.title,
    session.start_time,
  ];
  return `content:${createHash('sha256').update(JSON.stringify(content)).digest('base64url')}`;
}

/** A booking as its facilitator sees it. */
export function notificationOf(
  { booking_id, user, session }: StoredContent,
  id: string,
  createdAt: Date,
): BookingNotification {
  const at = createdAt.toISOString();
  return {
    type: 'new_booking',
    booking_id,
    user,
    session,
    timestamp: at,
    message: `New booking from ${user.name} for ${session.title}`,
    notification_id: id,
    stored_at: at,
  };
}
