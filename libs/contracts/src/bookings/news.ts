import { z } from 'zod';
import { bookingNotification } from './bookings';

/** A stored booking on its way to its facilitator. */
const storedBooking = z.object({
  facilitatorId: z.string(),
  notification: bookingNotification,
});
export type StoredBooking = z.infer<typeof storedBooking>;

/**
 * News of bookings on the Redis transport. `origin` is the process that stored them. They may be lost: what
 * nobody emitted stays pending, and gateways look for it.
 */
export const BOOKING_NEWS = {
  /** Committed together by one process; every gateway emits those whose facilitators it holds. */
  'bookings.stored.v1': z.object({ origin: z.string(), bookings: z.array(storedBooking) }),
  /** A gateway emitted these, stored a moment ago, to a live socket. */
  'bookings.emitted.v1': z.object({ ids: z.array(z.string()) }),
} as const satisfies Record<string, z.ZodType>;

export type BookingNewsMap = { [Name in keyof typeof BOOKING_NEWS]: z.infer<(typeof BOOKING_NEWS)[Name]> };
