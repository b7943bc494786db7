import type { Ending, Me, Message, Program, ReplyTo } from '../api';
import type { MessageView } from '@kindline/contracts';
import type { StoredMessage } from './timeline';

/** A message that was written and is not known to be stored; kept as JSON. */
export interface Draft {
  clientId: string;
  program: Program;
  conversationId: string;
  content: string;
  replyTo: ReplyTo | null;
  /** ISO 8601. */
  at: string;
  /** The newest seq that was seen when it was written. */
  after: number | null;
}

/** What an ack says of a stored message. */
export interface Stored {
  id: string;
  seq: number;
  at: string;
}

/** One's part in a conversation: who has asked, or who answers. */
export type Side = 'seeker' | 'helper';

/** How a conversation stands, apart from its messages. */
export interface Standing {
  /** Null for who may only look at it. */
  side: Side | null;
  ended: Ending | null;
  unread: number;
  readByMe?: number;
  readByOther?: number;
  timer?: { startedAt: string; minutes: number } | null;
}

/** What differs between programs whose messages are stored. */
export interface Dialect {
  readonly program: Program;
  /** The path of its messages over HTTP. */
  messagesPath(id: string): string;
  /** Whether opening it is said, also when nothing is unread. */
  readonly saysOpened: boolean;
  /** Whether what the server says to be read was read by oneself, if others wrote it. */
  readonly twoPeople: boolean;
  standing(id: string, me: Me): Promise<Standing>;
  send(draft: Draft, me: Me): Promise<Stored>;
  /** Everything up to `seq` has been on the screen. */
  read(id: string, seq: number, side: Side): Promise<unknown>;
  typing(id: string, on: boolean): void;
  end(id: string, me: Me): Promise<unknown>;
}

/** What dialects have heard, in one language. */
export interface Heard {
  message(id: string, message: StoredMessage): void;
  read(id: string, seq: number, who: Who): void;
  typing(id: string, by: string, on: boolean, who: Who): void;
  ended(id: string, by: Who | 'system', reason: string): void;
  timer(id: string, timer: { startedAt: string; minutes: number }): void;
  /** Begun, or changed in what its list shows. */
  changed(id: string): void;
}

/** Who did it: oneself (on another device), somebody else, or a side whose person is not known here. */
export type Who = 'me' | 'other' | Side;

/** A message as it comes over HTTP and by sync. */
export function storedMessage(view: MessageView, me: Me, twoPeople: boolean): StoredMessage {
  const { id, seq, sender_id, content, type, reply_to, created_at, read_at } = view;
  const from: Message['from'] = sender_id === null ? 'system' : sender_id === me.sub ? 'me' : 'other';
  const read = read_at !== null && (twoPeople || from === 'me');
  return { id, seq, from, sender: sender_id, content, type, replyTo: quoted(reply_to), at: created_at, read };
}

const QUOTED_CHARACTERS = 500;

/** What is sent of a quoted message: its beginning, which fits into what servers take. */
export const quote = ({ id, content }: ReplyTo): { id: string; content: string } => ({
  id,
  content: [...content].slice(0, QUOTED_CHARACTERS).join(''),
});

/** What another app has put there may be a text, or anything else. */
export function quoted(value: unknown): ReplyTo | null {
  if (typeof value === 'string') return { id: '', content: value };
  const { id, content } = (value ?? {}) as Partial<Record<string, unknown>>;
  return typeof content === 'string' ? { id: typeof id === 'string' ? id : '', content } : null;
}
