import { z } from 'zod';
import { eventId } from './bookings';

/** `GET /health` of the chat gateway */
export const bookingHealth = z.object({
  status: z.literal('healthy'),
  service: z.literal('notification_service'),
  timestamp: z.iso.datetime(),
  online_facilitators: z.int(),
  backend_connected: z.boolean(),
});

/** `GET /stats` of the chat gateway; all replicas together */
export const bookingStats = z.object({
  online_facilitators: z.int(),
  backend_connected: z.boolean(),
  total_notifications: z.int(),
  pending_notifications: z.int().meta({ description: 'not received by their facilitator yet' }),
  facilitator_sessions: z.int().meta({ description: 'open ones, and ended ones that are still kept' }),
});

/** Headers of `POST /api/bookings/notifications`; of a batch the key stands for all of it. */
export const bookingHeaders = z.object({
  'idempotency-key': eventId.optional().meta({
    description: 'The same request again is answered as the first was. An event_id in the body comes first',
  }),
});
