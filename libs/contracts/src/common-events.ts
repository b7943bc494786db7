import type { z } from 'zod';
import type { messagesReceived, messagesSync, MessageView } from './conversations';
import type { Ack, ErrorCode } from './errors';
import type { InboxEntry } from './notification-centre/inbox';

/** Client → server events that every Postgres-stored program shares. */
export interface CommonClientEvents {
  'messages:sync': (
    payload: z.input<typeof messagesSync>,
    ack?: (answer: Ack<{ messages: MessageView[]; has_more: boolean }>) => void,
  ) => void;
  /** This device has everything up to `seq`. */
  'messages:received': (payload: z.input<typeof messagesReceived>, ack?: (answer: Ack) => void) => void;
}

/** Server → client events that every socket may get. */
export interface CommonServerEvents {
  connection_response: (state: { status: 'connected'; socket_id: string }) => void;
  /** A device of `by`, a `sub`, has everything up to `seq`. */
  'messages:delivered': (delivered: { conversationId: string; seq: number; by: string }) => void;
  /** An announcement, in place of its push. */
  'notification:new': (entry: Omit<InboxEntry, 'read_at'>) => void;
  error: (failure: { error: string; code: ErrorCode }) => void;
  server_draining: (hint: { retryAfterMs: number }) => void;
}
