import { z } from 'zod';
import { BOOKING_NEWS, type BookingNewsMap } from './bookings/news';
import { CALL_NEWS, type CallNewsMap } from './calls';
import { conversationStatus, messageType, programName, replyTo } from './conversations';
import { ANNOUNCEMENT_NEWS, type AnnouncementNewsMap } from './notification-centre/news';
import { SESSION_NEWS, type SessionNewsMap } from './counseling/news';
import { PRESENCE_NEWS, type PresenceNewsMap } from './support/news';

/**
 * News: what every gateway replica must hear, published on the Redis transport under versioned names.
 * It may be lost or repeated and may overtake; `version` is the version of its request or conversation.
 */
const person = z.object({
  id: z.string(),
  sub: z.string(),
  email: z.string().nullable(),
  name: z.string().nullable(),
});
const member = person.extend({ role: z.enum(['seeker', 'helper']) });
const request = z.object({
  id: z.string(),
  program: programName,
  version: z.int(),
  seeker: person,
  type: z.string(),
});
const conversation = z.object({
  id: z.string(),
  requestId: z.string().nullable(),
  program: programName,
  version: z.int(),
  members: z.array(member),
});
/** Members come and go; each is shown what came after `joinedSeq`. */
const joinedConversation = conversation.extend({
  members: z.array(member.extend({ joinedSeq: z.int(), readSeq: z.int() })),
});
const helperIds = z.array(z.string());
/** What one member's socket shows the other sockets of a conversation; lost ones are not sent again. */
const sign = z.object({
  gatewayId: z.string(),
  conversationId: z.string(),
  program: programName,
  memberIds: z.array(z.string()),
  bySub: z.string(),
  byRole: z.enum(['seeker', 'helper']),
  socketId: z.string(),
});

export const appendedMessage = z.object({
  id: z.string(),
  seq: z.int(),
  conversationId: z.string(),
  senderId: z.string(),
  senderSub: z.string(),
  senderEmail: z.string().nullable(),
  content: z.string(),
  type: messageType,
  replyTo,
  createdAt: z.string(),
});
const appendedBatch = z.object({
  gatewayId: z.string(),
  conversations: z.array(
    z.object({
      id: z.string(),
      program: programName,
      /** Of these members; a newer one may have others. */
      version: z.int(),
      memberIds: z.array(z.string()),
      messages: z.array(appendedMessage),
    }),
  ),
});

/** Schemas of all news, by name; what arrives is validated against them like any outside input. */
export const NEWS = {
  /** A group of committed messages, published once per batch by the process that stored them. */
  'messages.appended.v1': appendedBatch,
  /**
   * A pending request asks these helpers in its first or a later round, or everyone online (`invited` is null)
   * but those who declined. `asked` is how many that were when the round began.
   */
  'request.invited.v1': z.object({
    request,
    note: z.string().nullable(),
    invited: helperIds.nullable(),
    declined: helperIds,
    asked: z.int(),
    firstRound: z.boolean(),
  }),
  /** `withdrawn` were asked as well; null where everyone online was. */
  'request.accepted.v1': z.object({ request, conversation, withdrawn: helperIds.nullable() }),
  /** Cancelled or expired. */
  'request.closed.v1': z.object({
    request,
    status: z.enum(['cancelled', 'expired']),
    withdrawn: helperIds.nullable(),
  }),
  /** Both sides have opened the conversation for the first time. */
  'conversation.started.v1': z.object({
    conversation,
    startedAt: z.string(),
    sessionTimerMs: z.number().nullable(),
  }),
  /**
   * A conversation began without a request, or its members or its status have changed. `waiting`: it has no helper,
   * and any of them may take it.
   */
  'conversation.changed.v1': z.object({
    conversation: joinedConversation,
    subject: z.string().nullable(),
    status: conversationStatus,
    waiting: z.boolean(),
    lastSeq: z.int(),
    lastMessageAt: z.string().nullable(),
    createdAt: z.string(),
    endedAt: z.string().nullable(),
  }),
  'conversation.ended.v1': z.object({
    conversation,
    endedBy: z.enum(['seeker', 'helper', 'system']),
    endedById: z.string().nullable(),
    reason: z.string(),
  }),
  /** Everything up to `seq` was read by a member; `socketId` is where they read it. */
  'messages.read.v1': sign.extend({ seq: z.int(), readAt: z.string() }),
  /** A member types, or has stopped. */
  'messages.typing.v1': sign.extend({ on: z.boolean() }),
  /** A member's device has everything up to `seq`; for these other members. Never stored, may get lost. */
  'messages.delivered.v1': z.object({
    gatewayId: z.string(),
    conversationId: z.string(),
    otherIds: z.array(z.string()),
    bySub: z.string(),
    seq: z.int(),
  }),
  /** Something on these helpers' dashboards changed. */
  'helpers.changed.v1': z.object({ program: programName, helperIds }),
} as const satisfies Record<string, z.ZodType>;

export type NewsMap = { [Name in keyof typeof NEWS]: z.infer<(typeof NEWS)[Name]> };
export type NewsName = keyof NewsMap;

/** Everything that goes over the Redis transport. */
export const TRANSPORT_NEWS = {
  ...NEWS,
  ...BOOKING_NEWS,
  ...CALL_NEWS,
  ...SESSION_NEWS,
  ...ANNOUNCEMENT_NEWS,
  ...PRESENCE_NEWS,
} as const;
export type TransportNews = NewsMap &
  BookingNewsMap &
  CallNewsMap &
  SessionNewsMap &
  AnnouncementNewsMap &
  PresenceNewsMap;
export type AppendedMessage = z.infer<typeof appendedMessage>;
export type NewsMember = z.infer<typeof member>;
export type NewsConversation = z.infer<typeof conversation>;
