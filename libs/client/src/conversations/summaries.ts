import type { ConversationSummary, Me, Program } from '../api';
import type { Connection } from '../connection/connection';
import { Refresh } from '../connection/refresh';
import type { Http } from '../http/http';
import { WritableStore } from '../store';
import type { StoredMessage } from './timeline';

/** An entry of `GET /api/conversations`. */
interface View {
  id: string;
  program: Program;
  status: 'active' | 'ended';
  members: ConversationSummary['members'];
  unread: number;
  last_message_at: string | null;
  created_at: string;
  ended_at: string | null;
}

/** One's conversations, newest activity first: loaded after every connect, and kept up to date by events. */
export class Summaries {
  readonly store = new WritableStore<readonly ConversationSummary[] | null>(null);
  readonly refresh: Refresh;
  /** What the conversations that are open count themselves. */
  private readonly ownCounts = new Map<string, number>();
  /** The newest message that was counted, by conversation. */
  private readonly seen = new Map<string, number>();

  constructor(connection: Connection, http: Http) {
    this.refresh = new Refresh(connection, async () => {
      const { conversations } = await http.request<{ conversations: View[] }>(
        'GET',
        '/api/conversations?limit=200',
      );
      this.store.set(conversations.map((view) => this.summary(view)));
    });
  }

  /** @param count whether nobody else counts what is unread in it */
  message(id: string, { seq, from, at }: StoredMessage, count: boolean): void {
    const isNew = seq > (this.seen.get(id) ?? 0);
    if (!isNew) return;
    this.seen.set(id, seq);
    const known = this.change(id, (summary) => ({
      ...summary,
      lastMessageAt: at,
      unread: summary.unread + (count && from !== 'me' ? 1 : 0),
    }));
    // What is being loaded may have been read before this message was stored, or after.
    if (!known || this.refresh.pending) this.refresh.ask();
    else this.toFront(id);
  }

  /** The `sub` of the other one of two people. */
  otherIn(id: string, me: Me | null): string | undefined {
    const summary = this.store.get()?.find((one) => one.id === id);
    return summary?.members.find(({ sub }) => sub !== me?.sub)?.sub;
  }

  ended(id: string): void {
    this.change(id, (summary) => ({
      ...summary,
      status: 'ended',
      endedAt: summary.endedAt ?? new Date().toISOString(),
    }));
  }

  counted(id: string, unread: number): void {
    this.ownCounts.set(id, unread);
    this.change(id, (summary) => (summary.unread === unread ? summary : { ...summary, unread }));
  }

  /** @returns whether it is in the list */
  private change(id: string, change: (summary: ConversationSummary) => ConversationSummary): boolean {
    const list = this.store.get();
    const before = list?.find((summary) => summary.id === id);
    if (!list || !before) return false;
    const after = change(before);
    if (after !== before) this.store.set(list.map((one) => (one === before ? after : one)));
    return true;
  }

  private toFront(id: string): void {
    const list = this.store.get();
    const moved = list?.find((summary) => summary.id === id);
    if (list && moved && list[0] !== moved)
      this.store.set([moved, ...list.filter((summary) => summary !== moved)]);
  }

  private summary(view: View): ConversationSummary {
    const { id, program, status, members, unread, last_message_at, created_at, ended_at } = view;
    return {
      ...{ id, program, status, members },
      unread: this.ownCounts.get(id) ?? unread,
      ...{ lastMessageAt: last_message_at, createdAt: created_at, endedAt: ended_at },
    };
  }
}
