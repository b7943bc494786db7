import { z } from 'zod';
import { text } from '../strings';

/** What a chat token allows its bearer to do in its session. */
export const CHAT_PERMISSIONS = ['send_message', 'view_history', 'end_session'] as const;
export type ChatPermission = (typeof CHAT_PERMISSIONS)[number];

/** The two sides of an anonymous session, as tokens and events name them. */
export const CHAT_ROLES = ['student', 'counselor'] as const;
export type ChatRole = (typeof CHAT_ROLES)[number];

/** `POST /api/chat/request-session` */
export const requestSession = z.strictObject({ topic: text(1024).nullable().optional() });

const state = {
  sessionId: z.string(),
  status: z.enum(['queued', 'active']),
  position: z.int().optional().meta({ description: 'in the queue, from 1; only while queued' }),
  chatToken: z.string().meta({ description: 'for the namespace of chatServiceUrl; names nobody' }),
  chatServiceUrl: z.string().meta({ description: 'what a Socket.IO client connects to, namespace included' }),
};
export const requestedSession = z.object(state);
export type RequestedSession = z.infer<typeof requestedSession>;

/** One of the caller's own open sessions. */
export const chatSessionView = z.object({
  ...state,
  role: z.enum(CHAT_ROLES),
  studentAnonymousId: z.string(),
  topic: z.string().nullable(),
  createdAt: z.iso.datetime(),
  forgottenAfterMs: z.int().meta({ description: 'how long after the last message everything is forgotten' }),
  forgottenAt: z.iso.datetime().meta({ description: 'when that is, unless something happens until then' }),
});
export type ChatSessionView = z.infer<typeof chatSessionView>;
/** `GET /api/chat/sessions` */
export const chatSessionList = z.object({ sessions: z.array(chatSessionView) });

/** `GET /api/chat/sessions/:id/summary` */
export const chatSummary = z.object({
  summary: z.string(),
  message_count: z.int(),
  generated_by: z.string().meta({ description: '`local`, or the name of the configured model' }),
});
export type ChatSummary = z.infer<typeof chatSummary>;

/** `POST /api/chat/sessions/:id/end` */
export const endChatSession = z.strictObject({});
export const endedSession = z.object({ sessionId: z.string(), status: z.literal('ended') });
