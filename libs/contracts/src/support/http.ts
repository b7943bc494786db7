import { z } from 'zod';
import { cursor, limit, memberView } from '../conversations';
import { clientId, line, messageText, sub } from '../strings';

/** `POST /api/chat/support` */
export const openChannel = z.strictObject({
  subject: line(200).optional(),
  message: messageText.optional(),
});

/** `POST /api/chat/channels/:id/messages` */
export const sendToChannel = z.strictObject({ content: messageText, clientId: clientId.optional() });

/** `POST /api/chat/channels/:id/members` */
export const addChannelMember = z.strictObject({ sub });

/** `POST /api/chat/channels/:id/claim`, `/close` and `/reopen` */
export const channelAction = z.strictObject({});

/** `POST /api/chat/channels/:id/read` */
export const readChannel = z.strictObject({ seq: z.int().min(1).max(2_147_483_647) });
export const channelRead = z.object({ seq: z.int() });

const STATUSES = {
  open: 'open',
  active: 'open',
  closed: 'closed',
  ended: 'closed',
  unclaimed: 'unclaimed',
} as const;
export type ChannelStatusFilter = (typeof STATUSES)[keyof typeof STATUSES];

/** `GET /api/chat/channels`; `active` and `ended` are what conversations say for `open` and `closed`. */
export const channelsQuery = z.strictObject({
  status: z
    .enum(['open', 'closed', 'unclaimed', 'active', 'ended'])
    .transform((status): ChannelStatusFilter => STATUSES[status])
    .optional(),
  limit: limit(50, 200),
  cursor: cursor.optional(),
});

const state = {
  id: z.string(),
  subject: z.string().nullable(),
  status: z.enum(['open', 'closed']),
  claimed: z.boolean().meta({ description: 'whether somebody answers' }),
  created_at: z.iso.datetime(),
  closed_at: z.iso.datetime().nullable(),
  last_message_at: z.iso.datetime().nullable(),
  last_seq: z.int().meta({ description: 'of its newest message; 0 when there is none' }),
  members: z.array(memberView),
  read_by: z
    .array(z.object({ sub: z.string(), seq: z.int() }))
    .meta({ description: 'who has read up to where' }),
};
/** A channel as events show it. */
export type ChannelState = z.infer<z.ZodObject<typeof state>>;
export const channelView = z.object({
  ...state,
  unread: z
    .int()
    .meta({ description: 'messages of others that you have not read; 0 where you are no member' }),
});
export type ChannelView = z.infer<typeof channelView>;
export const channelAnswer = z.object({ channel: channelView });
export const channelPage = z.object({
  channels: z.array(channelView),
  cursor: z.string().nullable().meta({ description: 'for the next page; null on the last one' }),
});
