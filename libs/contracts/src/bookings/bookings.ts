import { z } from 'zod';
import type { ErrorCode, FieldError } from '../errors';
import { line } from '../strings';

/** Most bookings of one batch. */
export const BOOKING_BATCH = 500;

/** An id of the caller's own system, echoed with the JSON type it was sent with. */
const ID = 'must be a string or a whole number';
const foreignId = z.union([line(128), z.int()], ID);
export type ForeignId = z.infer<typeof foreignId>;

/** A facilitator: the `sub` of their token, as a string or, where it is one, as the number. */
export const facilitatorId = z.union([line(255), z.int()], ID);

/** What tells one event from another where content does not. */
export const eventId = line(255);

/** What a backend says about one booking; shown to the facilitator as it came. */
const bookingFields = {
  booking_id: foreignId,
  user: z.strictObject({
    id: foreignId,
    name: line(200),
    email: line(254).refine((value) => /^[^\s@]+@[^\s@]+$/.test(value), 'must be an e-mail address'),
  }),
  session: z.strictObject({
    id: foreignId,
    title: line(300),
    start_time: line(64).meta({ description: 'echoed verbatim' }),
  }),
  facilitator_id: facilitatorId,
};

/** `booking_notification`, `booking.created` and `POST /api/bookings/notifications`. */
export const bookingEvent = z.strictObject({
  ...bookingFields,
  event_id: eventId.optional().meta({
    description: 'Unique to this event over all backends: the same event again is answered as the first was',
  }),
});
export type BookingEvent = z.output<typeof bookingEvent>;

/** Of a batch each booking is checked by itself, so that a bad one does not hold back the others. */
const uncheckedBooking = z
  .unknown()
  .meta(z.toJSONSchema(bookingEvent, { target: 'openapi-3.0', io: 'input' }));

/** One booking, or a batch. */
export const publishBookings = z.union([
  bookingEvent,
  z
    .array(uncheckedBooking, 'must be a booking or an array of bookings')
    .min(1, 'must not be empty')
    .max(BOOKING_BATCH, `must hold at most ${BOOKING_BATCH} bookings`),
]);

/** `delivered`: a gateway emitted it to a live socket of the facilitator, known within 2 s. */
export const bookingStatus = z.enum(['delivered', 'stored']);
export type BookingStatus = z.infer<typeof bookingStatus>;

export const publishedBooking = z.object({ notification_id: z.string(), status: bookingStatus });
export const publishedBookings = z.object({
  results: z.array(
    z.union([
      publishedBooking.extend({ booking_id: foreignId }),
      z.object({
        booking_id: foreignId.optional(),
        error: z.object({
          code: z.string(),
          message: z.string(),
          errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
        }),
      }),
    ]),
  ),
});

/** Why one booking of a batch was not taken. */
export interface BookingFailure {
  code: ErrorCode;
  message: string;
  errors?: FieldError[];
}

/** `new_booking_notification`, and each of `pending_notifications`. */
export const bookingNotification = z.object({
  type: z.literal('new_booking'),
  booking_id: foreignId,
  user: z.object({ id: foreignId, name: z.string(), email: z.string() }),
  session: z.object({ id: foreignId, title: z.string(), start_time: z.string() }),
  timestamp: z.string(),
  message: z.string(),
  notification_id: z.string(),
  stored_at: z.string(),
});
export type BookingNotification = z.infer<typeof bookingNotification>;
