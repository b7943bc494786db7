import { z } from 'zod';
import type { Ack } from '../errors';
import { id } from '../strings';
import {
  type bookingEvent,
  type BookingNotification,
  type BookingStatus,
  facilitatorId,
  type ForeignId,
} from './bookings';

const token = z.string().min(1).max(16_384);

export const backendConnect = z.strictObject({ token });
export const facilitatorConnect = z.strictObject({
  facilitator_id: facilitatorId,
  token: token.optional().meta({ description: 'may be absent when the handshake carried it' }),
  acks: z.boolean().optional(),
});
export const getPendingNotifications = z.strictObject({ facilitator_id: facilitatorId });
export const markNotificationRead = z.strictObject({ facilitator_id: facilitatorId, notification_id: id });

/** What a backend is told of one booking. */
export interface BookingOutcome {
  notification_id: string;
  booking_id: ForeignId;
  facilitator_id: ForeignId;
}

/** Client → server events of bookings with their payloads and what the ack carries. */
export interface BookingClientEvents {
  backend_connect: (payload: z.input<typeof backendConnect>, ack?: (answer: Ack) => void) => void;
  booking_notification: (
    payload: z.input<typeof bookingEvent>,
    ack?: (answer: Ack<BookingOutcome & { status: BookingStatus }>) => void,
  ) => void;
  facilitator_connect: (
    payload: z.input<typeof facilitatorConnect>,
    ack?: (answer: Ack<{ facilitator_id: ForeignId }>) => void,
  ) => void;
  get_pending_notifications: (
    payload: z.input<typeof getPendingNotifications>,
    ack?: (answer: Ack<{ notifications: BookingNotification[]; count: number }>) => void,
  ) => void;
  mark_notification_read: (
    payload: z.input<typeof markNotificationRead>,
    ack?: (answer: Ack<{ notification_id: string }>) => void,
  ) => void;
}

/** Server → client events of bookings. */
export interface BookingServerEvents {
  backend_auth_success: (state: { status: 'authenticated' }) => void;
  auth_error: (failure: { error: string; code: string }) => void;
  notification_delivered: (outcome: BookingOutcome) => void;
  notification_stored: (outcome: BookingOutcome) => void;
  notification_error: (failure: { error: string; code: string; booking_id?: ForeignId }) => void;
  facilitator_auth_success: (facilitator: { facilitator_id: ForeignId }) => void;
  /** A facilitator who connected with `acks: true` has received it when the callback ran. */
  new_booking_notification: (notification: BookingNotification, received?: () => void) => void;
  pending_notifications: (pending: { notifications: BookingNotification[]; count: number }) => void;
  notification_marked_read: (read: { notification_id: string }) => void;
}
