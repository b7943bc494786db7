import { type KindlineBackendError } from './kindline-backend-error';

/** An id of your own system; it is shown with the JSON type it was sent with. */
export type ForeignId = string | number;

/** One booking, as the facilitator is told of it. */
export interface Booking {
  booking_id: ForeignId;
  user: { id: ForeignId; name: string; email: string };
  /** `start_time` is a text that is shown as it came. */
  session: { id: ForeignId; title: string; start_time: string };
  /** The `sub` of the facilitator's token. */
  facilitator_id: ForeignId;
  /**
   * What makes this event itself: the same one again is answered as the first was and shown once. Without one
   * the client makes one, which it keeps over its own retries, though not over a restart of your process.
   */
  event_id?: string | undefined;
}

/** `delivered`: it reached a live socket of the facilitator within 2 s. `stored`: it waits for them. */
export type BookingStatus = 'delivered' | 'stored';

export interface PublishedBooking {
  notificationId: string;
  status: BookingStatus;
  eventId: string;
}

/** What became of one booking of several. */
export type BookingResult =
  ({ ok: true } & PublishedBooking) | { ok: false; eventId: string; error: KindlineBackendError };

export interface PublishOptions {
  /** Gives up when it is aborted; what was on its way by then may be stored all the same. */
  signal?: AbortSignal | undefined;
}
