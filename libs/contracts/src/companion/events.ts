import { z } from 'zod';
import { messageType, replyTo, type ReplyTo } from '../conversations';
import type { Ack } from '../errors';
import { clientId, id, messageText, sub, text } from '../strings';

export const requestType = z.enum(['chat', 'voice', 'emotional', 'daily', 'health']);
export type RequestType = z.infer<typeof requestType>;

export const seekerRequest = z.strictObject({
  seniorId: sub,
  requestType,
  note: text(4096).nullable().optional(),
});
/** `request:cancel`, `request:status` */
export const ofSenior = z.strictObject({ seniorId: sub });
/** `volunteer:accept`, `volunteer:reject` */
export const volunteerAnswer = z.strictObject({ seniorId: sub, volunteerId: sub });
export const messageSend = z.strictObject({
  conversationId: id,
  senderId: sub,
  content: messageText,
  type: messageType.exclude(['system']).default('text'),
  replyTo: replyTo.optional(),
  clientId: clientId.optional(),
});
export const messageRead = z.strictObject({ conversationId: id, seq: z.int().min(1).max(2_147_483_647) });
export const messageTyping = z.strictObject({ conversationId: id, on: z.boolean() });
export const chatEnd = z.strictObject({ conversationId: id, userId: sub });

/** Where a senior's newest request stands. An accepted one names its conversation, also when that has ended. */
export interface RequestStatusResponse {
  status: 'none' | 'pending' | 'accepted' | 'cancelled' | 'expired';
  requestType?: RequestType;
  requestId?: string;
  volunteerId?: string;
  conversationId?: string;
}

/** Client → server events of the companion program with their payloads and what the ack carries. */
export interface CompanionClientEvents {
  'seeker:request': (
    payload: z.input<typeof seekerRequest>,
    ack?: (answer: Ack<{ requestId: string; notified: number }>) => void,
  ) => void;
  'request:cancel': (
    payload: z.input<typeof ofSenior>,
    ack?: (answer: Ack<{ requestId: string }>) => void,
  ) => void;
  'request:status': (
    payload: z.input<typeof ofSenior>,
    ack?: (answer: Ack<RequestStatusResponse>) => void,
  ) => void;
  'volunteer:accept': (
    payload: z.input<typeof volunteerAnswer>,
    ack?: (answer: Ack<{ conversationId: string }>) => void,
  ) => void;
  'volunteer:reject': (payload: z.input<typeof volunteerAnswer>, ack?: (answer: Ack) => void) => void;
  'message:send': (
    payload: z.input<typeof messageSend>,
    ack?: (answer: Ack<{ id: string; seq: number; created_at: string; duplicate: boolean }>) => void,
  ) => void;
  'message:read': (payload: z.input<typeof messageRead>, ack?: (answer: Ack) => void) => void;
  'message:typing': (payload: z.input<typeof messageTyping>, ack?: (answer: Ack) => void) => void;
  'chat:end': (payload: z.input<typeof chatEnd>, ack?: (answer: Ack) => void) => void;
}

/** Server → client events of the companion program. People are named by their `sub`. */
export interface CompanionServerEvents {
  'seeker:queued': (request: { seniorId: string }) => void;
  'seeker:incoming': (request: {
    seniorId: string;
    requestType: string;
    note: string | null;
    requestId: string;
  }) => void;
  'session:started': (session: {
    conversationId: string;
    seniorId: string;
    volunteerId: string;
    requestType: string;
  }) => void;
  'request:claimed': (request: { seniorId: string; volunteerId: string }) => void;
  /** `seniorId` to volunteers, `status` to the senior. */
  'request:cancelled': (request: { seniorId: string } | { status: 'cancelled' | 'expired' }) => void;
  'request:status:response': (state: RequestStatusResponse) => void;
  'message:new': (message: {
    id: string;
    seq: number;
    conversation_id: string;
    sender_id: string;
    content: string;
    type: 'text' | 'voice' | 'system';
    /** Where it answers something. */
    reply_to?: ReplyTo;
    created_at: string;
  }) => void;
  /** Everything up to `seq` has been read by them. */
  'message:read': (read: { conversationId: string; seq: number; by: string; read_at: string }) => void;
  'message:typing': (typing: { conversationId: string; by: string; on: boolean }) => void;
  /** `endedBy` is a `sub`, or `system`. */
  'chat:ended': (chat: { conversationId: string; endedBy: string; reason: string }) => void;
}
