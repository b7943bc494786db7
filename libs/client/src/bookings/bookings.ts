import type { BookingNotification } from '@kindline/contracts';
import type { Booking, Bookings } from '../api';
import type { Connection } from '../connection/connection';
import { Refresh } from '../connection/refresh';
import { WritableStore } from '../store';

/** What a facilitator has to know; nothing happens for everybody else. */
export function createBookings(connection: Connection): Bookings {
  const inbox = new WritableStore<readonly Booking[] | null>(null);
  const listeners = new Set<(booking: Booking) => void>();
  /** What was marked read is not shown again, whatever is still under way. */
  const read = new Set<string>();

  const add = (notifications: readonly BookingNotification[], live: boolean): void => {
    const known = inbox.get() ?? [];
    const ids = new Set([...read, ...known.map(({ notificationId }) => notificationId)]);
    const fresh = notifications.filter(({ notification_id }) => !ids.has(notification_id));
    if (fresh.length === 0 && inbox.get()) return;
    const bookings = fresh.map((notification) => toBooking(notification, live));
    inbox.set([...bookings, ...known].sort((one, other) => other.storedAt.localeCompare(one.storedAt)));
    if (live) for (const booking of bookings) for (const listener of [...listeners]) listener(booking);
  };

  const enter = async (facilitator_id: string): Promise<void> => {
    // First what waits, then what comes: so it is clear what has come while the page was open.
    const before = inbox.get();
    const { notifications } = await connection.request('get_pending_notifications', { facilitator_id });
    const unread = new Set(notifications.map(({ notification_id }) => notification_id));
    // What was marked read on another device meanwhile.
    const gone = before?.filter(({ notificationId }) => !unread.has(notificationId)) ?? [];
    if (gone.length > 0) inbox.set((inbox.get() ?? []).filter((booking) => !gone.includes(booking)));
    add(notifications, before !== null);
    await connection.request('facilitator_connect', { facilitator_id, acks: true });
  };

  connection.on('new_booking_notification', (notification, received) => {
    add([notification], true);
    // It is safe here now: until this ran it would come again.
    received?.();
  });
  new Refresh(connection, async () => {
    const me = connection.me.get();
    if (me?.roles.includes('facilitator')) await enter(me.sub);
  });

  return {
    inbox,
    onBooking(listener) {
      const own = (booking: Booking): void => listener(booking);
      listeners.add(own);
      return () => listeners.delete(own);
    },
    async markRead(notificationId) {
      const facilitator_id = connection.me.get()?.sub ?? '';
      await connection.request('mark_notification_read', { facilitator_id, notification_id: notificationId });
      read.add(notificationId);
      inbox.set((inbox.get() ?? []).filter((booking) => booking.notificationId !== notificationId));
    },
  };
}

const toBooking = (notification: BookingNotification, live: boolean): Booking => ({
  notificationId: notification.notification_id,
  bookingId: notification.booking_id,
  user: notification.user,
  session: {
    id: notification.session.id,
    title: notification.session.title,
    startTime: notification.session.start_time,
  },
  message: notification.message,
  storedAt: notification.stored_at,
  live,
});
