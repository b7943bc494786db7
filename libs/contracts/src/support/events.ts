import { z } from 'zod';
import type { Ack } from '../errors';
import { clientId, id, messageText } from '../strings';
import type { ChannelState } from './http';

export const channelJoin = z.strictObject({ channelId: id });
export const channelMessage = z.strictObject({
  channelId: id,
  content: messageText,
  clientId: clientId.optional(),
});
export const channelTyping = z.strictObject({ channelId: id, on: z.boolean() });
export const channelReadUpTo = z.strictObject({ channelId: id, seq: z.int().min(1).max(2_147_483_647) });

/** Whether somebody is connected, and else since when they are not; null where nobody knows. */
export interface PresenceState {
  sub: string;
  online: boolean;
  lastSeen: string | null;
}

/** Client → server events of support channels with their payloads and what the ack carries. */
export interface SupportClientEvents {
  'channel:join': (
    payload: z.input<typeof channelJoin>,
    ack?: (answer: Ack<{ channel: ChannelState; presence: PresenceState[] }>) => void,
  ) => void;
  'channel:message': (
    payload: z.input<typeof channelMessage>,
    ack?: (answer: Ack<{ id: string; seq: number; createdAt: string; duplicate: boolean }>) => void,
  ) => void;
  'channel:typing': (payload: z.input<typeof channelTyping>, ack?: (answer: Ack) => void) => void;
  'channel:read': (payload: z.input<typeof channelReadUpTo>, ack?: (answer: Ack) => void) => void;
}

/** Server → client events of support channels. People are named by their `sub`. */
export interface SupportServerEvents {
  'channel:message': (message: {
    id: string;
    channelId: string;
    seq: number;
    senderId: string;
    content: string;
    createdAt: string;
  }) => void;
  'channel:typing': (typing: { channelId: string; on: boolean; by: string }) => void;
  /** Everything up to `seq` has been read by them. */
  'channel:read': (read: { channelId: string; seq: number; by: string }) => void;
  /** To members; to every agent while it is unclaimed, and the short form when that is over. */
  'channel:updated': (update: {
    channel: ChannelState | Pick<ChannelState, 'id' | 'status' | 'claimed'>;
  }) => void;
  'presence:changed': (presence: PresenceState) => void;
}
