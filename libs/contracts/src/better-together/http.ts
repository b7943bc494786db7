import { z } from 'zod';
import { email, line, MESSAGE_MAX_BYTES, text } from '../strings';

/** `POST /start_chat_session` */
export const startChatSession = z.strictObject({
  user_email: email,
  i_need_message: text(MESSAGE_MAX_BYTES),
  conversation_type: z.literal('better_together'),
});
export const startedChatSession = z.object({
  message: z.literal('Request Successful'),
  session_id: z.string(),
  volunteers_notified: z.int(),
});

/** `POST /accept_chat_request` */
export const acceptChatRequest = z.strictObject({ volunteer_email: email, user_email: email });
export const acceptedChatRequest = z.object({ message: z.literal('Chat accepted!'), chat_id: z.string() });

/** `POST /cancel_chat_request` */
export const cancelChatRequest = z.strictObject({ user_email: email });
export const cancelledChatRequest = z.object({ message: z.string(), session_id: z.string() });

/** `POST /test_volunteer_notification` */
export const testVolunteerNotification = z.strictObject({ email });
export const testedVolunteerNotification = z.object({
  success: z.boolean(),
  message: z.string(),
  token: z.string().nullable().meta({ description: 'masked' }),
});

/** `PATCH /sessions/:id` */
export const patchSession = z
  .strictObject({ chat_tags: z.array(line(64)).max(50), flag_reason: text(1024) })
  .partial()
  .refine((patch) => Object.keys(patch).length > 0, 'at least one of chat_tags and flag_reason is needed');

const time = z.iso.datetime().nullable();
/** `GET /sessions/:id`: one request or conversation in the shape of the source system's collections. */
export const sessionView = z.object({
  session_id: z.string(),
  chat_id: z.string().nullable(),
  status: z.enum(['pending', 'started', 'ended', 'dozy']),
  user: z.string().nullable(),
  volunteer: z.string().nullable(),
  message: z.string().nullable().meta({ description: 'null once the text was removed by retention' }),
  conversation_type: z.string(),
  request_time: z.iso.datetime(),
  accept_time: time,
  start_time: time.meta({ description: 'when both had opened the chat' }),
  end_time: time,
  last_opened_user: time,
  last_opened_volunteer: time,
  last_activity_time: time,
  isResolved: z.boolean(),
  ended_by_user: z.boolean(),
  ended_by_vol: z.boolean(),
  ended_by_system: z.boolean(),
  chat_tags: z.array(z.string()),
  flag_reason: z.string(),
  requested_volunteers: z
    .array(z.string())
    .optional()
    .meta({ description: 'e-mails of those who were asked; supervisors and backends only' }),
});
export type SessionView = z.infer<typeof sessionView>;
