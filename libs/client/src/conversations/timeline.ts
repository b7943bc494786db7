import type { Message, MessageState, ReplyTo } from '../api';
import type { Draft } from './dialect';

/** A message that the server has stored. */
export interface StoredMessage {
  id: string;
  seq: number;
  from: Message['from'];
  sender: string | null;
  content: string;
  type: Message['type'];
  replyTo: ReplyTo | null;
  at: string;
  /** The client id, where it is known. */
  key?: string;
  /** Whether the server says so. */
  read?: boolean;
}

const CLOCKS_DIFFER_MS = 60_000;

/** Up to where somebody has got. */
interface Marks {
  readByMe: number;
  readByOther: number;
  delivered: number;
}

/**
 * The stored messages of a conversation by `seq`, without gap and without duplicate, whatever came in which order and
 * how often. What is beyond a gap is held back until the gap is filled.
 */
export class Timeline {
  /** From `first` on, one for every seq. */
  private items: Message[] = [];
  private next: number | null = null;
  private readonly early = new Map<number, StoredMessage>();
  private readonly marks: Marks = { readByMe: 0, readByOther: 0, delivered: 0 };
  /** The newest seq that others wrote. */
  lastOfOthers = 0;
  private unreadHere = 0;
  private unreadBefore = 0;

  /** Whether it has a beginning: until then everything is held back. */
  get anchored(): boolean {
    return this.next !== null;
  }

  get messages(): readonly Message[] {
    return this.items;
  }

  /** The newest seq without a gap before it; 0 where there is none. */
  get last(): number {
    return (this.next ?? 1) - 1;
  }

  /** The seq that its oldest message has, or the first one will have. */
  get first(): number {
    return this.last + 1 - this.items.length;
  }

  /** Whether something came that does not follow. */
  get gap(): boolean {
    return this.anchored && this.early.size > 0;
  }

  /** Messages of others that were not read, older ones included as far as the server has counted them. */
  get unread(): number {
    return this.unreadHere + this.unreadBefore;
  }

  get readByMe(): number {
    return this.marks.readByMe;
  }

  /** Whether the other side has not read everything one has said. */
  get waitsToBeRead(): boolean {
    return this.items.some(({ from, state }) => from === 'me' && state !== 'read');
  }

  /**
   * Begins with the newest page.
   * @param unread how many the server counts in all
   */
  anchor(page: readonly StoredMessage[], unread: number): void {
    if (this.anchored) return this.add(...page);
    this.next = page[0]?.seq ?? 1;
    this.add(...page);
    if (this.readByMe < this.first) this.unreadBefore = Math.max(0, unread - this.unreadHere);
  }

  add(...messages: readonly StoredMessage[]): void {
    for (const message of messages) {
      if (this.next === null || message.seq >= this.next) this.early.set(message.seq, message);
      else this.markedBy(message);
    }
    if (this.next === null) return;
    for (let message; (message = this.early.get(this.next)); this.next++) {
      this.early.delete(this.next);
      this.markedBy(message);
      this.items.push(this.shown(message));
      if (message.from !== 'me') this.lastOfOthers = message.seq;
      if (this.isUnread(message)) this.unreadHere++;
    }
    // Older than where it began.
    for (const seq of this.early.keys()) if (seq < this.next) this.early.delete(seq);
  }

  /** The page before the oldest message. */
  prepend(page: readonly StoredMessage[]): void {
    const older = page.filter(({ seq }) => seq < this.first);
    older.forEach((message) => this.markedBy(message));
    const unread = older.filter((message) => this.isUnread(message)).length;
    this.unreadHere += unread;
    this.unreadBefore = Math.max(0, this.unreadBefore - unread);
    const theirs = older.filter(({ from }) => from !== 'me');
    this.lastOfOthers ||= theirs[theirs.length - 1]?.seq ?? 0;
    this.items = [...older.map((message) => this.shown(message)), ...this.items];
  }

  /** Everything up to `seq` was read or has arrived. */
  mark(which: keyof Marks, seq: number): void {
    const before = this.marks[which];
    if (seq <= before) return;
    this.marks[which] = seq;
    if (which === 'readByMe') this.unreadBefore = 0;
    for (let index = Math.max(0, before + 1 - this.first); index <= seq - this.first; index++) {
      const message = this.items[index];
      if (!message) break;
      if (which === 'readByMe' && message.from !== 'me') this.unreadHere--;
      const state = this.stateOf(message.from, this.first + index);
      if (state !== message.state) this.items[index] = { ...message, state };
    }
  }

  /** Shows the message under another key; without one under its own id. */
  rekey(seq: number, key?: string): void {
    const message = this.items[seq - this.first];
    if (!message?.id) return;
    this.items[seq - this.first] = { ...message, key: key ?? message.id };
  }

  /**
   * One's own message that says the same as a draft, came after it and whose client id is not known, the oldest one:
   * most likely the draft was stored, and its ack has been lost or is under way.
   */
  twin({ content, after, at }: Pick<Draft, 'content' | 'after' | 'at'>): Message | undefined {
    // Where it is not known what had been there before, time tells, for clocks that are not far off.
    const since = after === null ? Date.parse(at) - CLOCKS_DIFFER_MS : 0;
    return this.items
      .slice(Math.max(0, (after ?? 0) + 1 - this.first))
      .find(
        (message) =>
          message.from === 'me' &&
          message.key === message.id &&
          message.content === content &&
          (since === 0 || Date.parse(message.at) > since),
      );
  }

  private markedBy({ from, seq, read }: StoredMessage): void {
    if (read) this.mark(from === 'me' ? 'readByOther' : 'readByMe', seq);
  }

  private isUnread({ from, seq }: StoredMessage): boolean {
    return from !== 'me' && seq > this.marks.readByMe;
  }

  private shown({ id, seq, from, sender, content, type, replyTo, at, key = id }: StoredMessage): Message {
    const state = this.stateOf(from, seq);
    return { key, id, seq, from, sender, content, type, replyTo, at, state, error: null };
  }

  private stateOf(from: Message['from'], seq: number): MessageState {
    const { readByMe, readByOther, delivered } = this.marks;
    if (from !== 'me') return seq <= readByMe ? 'read' : 'delivered';
    if (seq <= readByOther) return 'read';
    return seq <= delivered ? 'delivered' : 'sent';
  }
}
