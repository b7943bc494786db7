import { z } from 'zod';

export const deliveryStatus = z.enum(['accepted', 'rejected', 'unknown', 'skipped', 'pending']);

/** `GET /api/notification-deliveries` */
export const deliveriesQuery = z.strictObject({
  sub: z.string().min(1).max(255).optional(),
  kind: z.string().min(1).max(64).optional(),
  status: deliveryStatus.optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
  cursor: z.string().min(1).max(256).optional(),
});
export const deliveryView = z.object({
  id: z.string(),
  notification_id: z.string(),
  sub: z.string().nullable(),
  kind: z.string(),
  tokens: z.array(z.string()).meta({ description: 'masked; empty when the person has none' }),
  sender: z.string().nullable(),
  chat_id: z.string().nullable(),
  title: z.string(),
  body: z.string(),
  channelKey: z.string(),
  screen: z.string(),
  timeStamp: z.iso.datetime(),
  status: deliveryStatus,
  reason: z.string().nullable(),
  attempts: z.int(),
});
export const deliveryPage = z.object({ deliveries: z.array(deliveryView), cursor: z.string().nullable() });
