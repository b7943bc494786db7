import { z } from 'zod';
import type { Ack } from '../errors';
import { replyTo, type ReplyTo } from '../conversations';
import { clientId, email, id, messageText } from '../strings';

export const chatMessage = z.strictObject({
  chat_id: id,
  sender_mail: email,
  message: messageText,
  reciever_mail: email.optional(),
  reply_message: replyTo.optional(),
  client_id: clientId.optional(),
});
export const lastOpened = z.strictObject({ chat_id: id });
export const typingInChat = z.strictObject({ chat_id: id, on: z.boolean() });
export const chatEnded = z.strictObject({ email, by_user: z.boolean().optional(), chat_id: id });

/** Client → server events of better_together with their payloads and what the ack carries. */
export interface BetterTogetherClientEvents {
  join: (email: string, ack?: (answer: Ack) => void) => void;
  chat_message: (
    payload: z.input<typeof chatMessage>,
    ack?: (answer: Ack<{ id: string; seq: number; timestamp: string; duplicate: boolean }>) => void,
  ) => void;
  update_last_opened_user: (payload: z.input<typeof lastOpened>, ack?: (answer: Ack) => void) => void;
  update_last_opened_volunteer: (payload: z.input<typeof lastOpened>, ack?: (answer: Ack) => void) => void;
  chat_typing: (payload: z.input<typeof typingInChat>, ack?: (answer: Ack) => void) => void;
  chat_ended: (payload: z.input<typeof chatEnded>, ack?: (answer: Ack) => void) => void;
}

/** Server → client events of better_together. */
export interface BetterTogetherServerEvents {
  chat_request: (request: {
    user_email: string | null;
    i_need_message: string | null;
    session_id: string;
  }) => void;
  cancel_chat_request: (request: { user_email: string | null; session_id: string }) => void;
  chat_started: (chat: {
    user_email: string | null;
    volunteer_email: string | null;
    chat_id: string;
  }) => void;
  chat_message: (message: {
    id: string;
    seq: number;
    sender_mail: string | null;
    chat_id: string;
    message: string;
    timestamp: string;
    reply_message: ReplyTo;
  }) => void;
  chat_typing: (typing: { chat_id: string; by: 'user' | 'volunteer'; on: boolean }) => void;
  /** Everything up to `seq` has been read by them. */
  chat_read: (read: { chat_id: string; seq: number; by: 'user' | 'volunteer'; read_at: string }) => void;
  start_timer: (timer: { chat_id: string; started_at: string; minutes: number }) => void;
  chat_ended: (chat: { chat_id: string; ended_by: 'user' | 'volunteer' | 'system'; reason: string }) => void;
  thank_you_volunteer: (thanks: { message: string; title: string }) => void;
  refresh_vol_dash: () => void;
  no_availability: (request: { user_email: string | null }) => void;
}
