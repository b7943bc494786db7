import { z } from 'zod';
import type { Ack } from '../errors';
import { clientId, messageText } from '../strings';

/** Close codes of the namespace: an unknown or expired session, and a token that is not of this session. */
export const INVALID_SESSION = { code: 4001, message: 'Invalid session' } as const;
export const UNAUTHORIZED_CHAT = { code: 4003, message: 'Unauthorized' } as const;

export const chatSend = z.strictObject({ content: messageText, clientId: clientId.optional() });
export const chatHistory = z
  .strictObject({
    before: z.string().min(1).max(128).optional(),
    limit: z.int().min(1).max(500).default(100),
  })
  .prefault({});
export const chatTyping = z.strictObject({ on: z.boolean() });
export const endSession = z.strictObject({}).prefault({});

/** A message of an anonymous session; it is kept in Redis only, and `from` names nobody. */
export interface ChatLine {
  /** Opaque; ids of one session can be given to `history` as `before`. */
  id: string;
  sessionId: string;
  from: string;
  content: string;
  timestamp: string;
  type: 'chat_message';
}

/** Why a session ended: by `end_session`, because it was forgotten, or because the counsellor was lost. */
export type SessionEndReason = 'ended' | 'expired' | 'counselor_lost';
export interface SessionEnded {
  sessionId: string;
  endedBy: 'student' | 'counselor' | 'system';
  reason: SessionEndReason;
}

/** Client → server events of the namespace `/counseling`. */
export interface CounselingClientEvents {
  message: (
    payload: z.input<typeof chatSend>,
    ack?: (answer: Ack<{ id: string; timestamp: string; duplicate: boolean }>) => void,
  ) => void;
  history: (
    payload: z.input<typeof chatHistory>,
    ack?: (answer: Ack<{ messages: ChatLine[]; has_more: boolean }>) => void,
  ) => void;
  typing: (payload: z.input<typeof chatTyping>, ack?: (answer: Ack) => void) => void;
  end_session: (payload: z.input<typeof endSession>, ack?: (answer: Ack) => void) => void;
}

/** Server → client events of the namespace `/counseling`. */
export interface CounselingChatEvents {
  message: (message: ChatLine) => void;
  typing: (typing: { from: string; on: boolean }) => void;
  session_ended: (end: SessionEnded) => void;
  /** A counsellor has come, also in place of one who was lost. */
  'counseling:assigned': (assigned: { sessionId: string }) => void;
  'counseling:queue': (queue: QueuePosition) => void;
}

export interface QueuePosition {
  sessionId: string;
  /** From 1. */
  position: number;
}

/** Server → client events on the default namespace: to a counsellor's sockets, and to a student's. */
export interface CounselingServerEvents {
  'counseling:assigned': (
    assigned:
      | { sessionId: string; chatToken: string; studentAnonymousId: string; topic: string | null }
      | { sessionId: string; chatToken: string },
  ) => void;
  'counseling:queue': (queue: QueuePosition) => void;
  session_ended: (end: SessionEnded) => void;
}
