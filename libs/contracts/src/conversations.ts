import { z } from 'zod';
import { id, isStorable, isStorableJson, text } from './strings';

export const PROGRAMS = ['better_together', 'companion', 'counseling', 'support'] as const;
export const programName = z.enum(PROGRAMS);
export type ProgramName = z.infer<typeof programName>;

export const conversationStatus = z.enum(['active', 'ended']);

/** What clients may send as a conversation's `cursor`: what the previous page answered. */
export const cursor = z.string().min(1).max(256);
export const limit = (fallback: number, max: number) =>
  z.coerce.number().int().min(1).max(max).default(fallback);

/** A queryable `seq`: 0 stands before the first message. */
const seq = z.coerce.number().int().min(0).max(2_147_483_647);

export const conversationsQuery = z.strictObject({
  status: conversationStatus.optional(),
  program: programName.optional(),
  limit: limit(50, 200),
  cursor: cursor.optional(),
});

export const memberView = z.object({
  sub: z.string(),
  name: z.string().nullable(),
  role: z.enum(['seeker', 'helper']),
});
export const conversationView = z.object({
  id: z.string(),
  program: programName,
  status: conversationStatus,
  members: z.array(memberView),
  unread: z.int(),
  last_message_at: z.iso.datetime().nullable(),
  created_at: z.iso.datetime(),
  ended_at: z.iso.datetime().nullable(),
});
export const conversationPage = z.object({
  conversations: z.array(conversationView),
  cursor: z.string().nullable().meta({ description: 'for the next page; null on the last one' }),
});

export const messageType = z.enum(['text', 'voice', 'system']);

/** Bounded, because checking, storing and sending a value that is nested without end would exhaust the stack. */
const REPLY_LEVELS = 32;
/** What a message answers: the dialect's own value (a text, an id, an object), echoed as it was sent. */
export type ReplyTo = z.infer<typeof replyTo>;
export const replyTo = z
  .union([
    z.string().refine(isStorable, 'must not contain U+0000 or lone surrogates'),
    z.record(
      z.string().refine(isStorable),
      z.custom<z.core.util.JSONType>(
        (value) => isStorableJson(value, REPLY_LEVELS),
        `must be JSON of at most ${REPLY_LEVELS} levels without U+0000 or lone surrogates`,
      ),
    ),
    z.null(),
  ])
  .refine((value) => JSON.stringify(value).length <= 8192, 'must be at most 8 KiB');

export const messageView = z.object({
  id: z.string(),
  seq: z.int(),
  conversation_id: z.string(),
  sender_id: z.string().nullable().meta({ description: 'sub of the sender; null for system messages' }),
  content: z.string(),
  type: messageType,
  reply_to: replyTo,
  created_at: z.iso.datetime(),
  read_at: z.iso.datetime().nullable(),
});
export type MessageView = z.infer<typeof messageView>;

export const messagesQuery = z
  .strictObject({ before: seq.optional(), after: seq.optional(), limit: limit(100, 500) })
  .refine(
    (query) => query.before === undefined || query.after === undefined,
    'before and after exclude each other',
  );
export const messagePage = z.object({ messages: z.array(messageView), has_more: z.boolean() });

/** Event `messages:sync` */
export const messagesSync = z.strictObject({
  conversationId: id,
  afterSeq: z.int().min(0).max(2_147_483_647),
});

/** Event `messages:received` */
export const messagesReceived = z.strictObject({
  conversationId: id,
  seq: z.int().min(1).max(2_147_483_647),
});

/** `POST /api/conversations/:id/feedback` */
export const giveFeedback = z.strictObject({ rating: z.int().min(1).max(5), comment: text(4096).optional() });
export const feedbackView = z.object({
  conversation_id: z.string(),
  rating: z.int(),
  comment: z.string().nullable(),
  created_at: z.iso.datetime(),
});
