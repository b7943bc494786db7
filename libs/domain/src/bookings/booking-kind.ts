import type { NotificationKind } from '../notifications/notification-kind';

/** The push to a facilitator who is not connected. It says nothing of who booked what. */
export const BOOKING_KIND: NotificationKind = {
  kind: 'booking',
  channelKey: 'misc_ch',
  priority: 'high',
  screen: 'bookings',
  title: 'New booking',
  body: 'You have a new booking',
  // Whoever is connected was left out before: the facilitator's sessions say so, not presence.
  onlyAbsent: false,
};
