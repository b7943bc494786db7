import { z } from 'zod';
import { category } from './categories';

/** `GET /api/notifications/inbox` */
export const inboxQuery = z.strictObject({
  unread: z
    .enum(['true', 'false'])
    .optional()
    .transform((value) => value === 'true')
    .meta({ description: 'only what is not read yet' }),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().min(1).max(256).optional(),
});
export const inboxEntry = z.object({
  id: z.string().meta({ description: 'the notification_id of its push' }),
  title: z.string(),
  body: z.string(),
  category,
  data: z.record(z.string(), z.string()),
  created_at: z.iso.datetime(),
  read_at: z.iso.datetime().nullable(),
});
export type InboxEntry = z.infer<typeof inboxEntry>;
export const inboxPage = z.object({
  notifications: z.array(inboxEntry),
  unread: z.int().meta({ description: 'of all, not of this page' }),
  cursor: z.string().nullable(),
});
/** `POST /api/notifications/inbox/:id/read` and `…/read-all` */
export const readInbox = z.strictObject({});
/** `POST /api/notifications/inbox/read-all` */
export const inboxRead = z.object({ read: z.int() });
