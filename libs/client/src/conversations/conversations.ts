import type { Program } from '../api';
import { KindlineClientError } from '../client-error';
import type { Connection } from '../connection/connection';
import type { Http } from '../http/http';
import type { Shelf } from '../storage/storage';
import type { Dialect, Heard, Who } from './dialect';
import { LiveConversation, type Surroundings } from './live-conversation';
import { Outbox } from './outbox';
import { Summaries } from './summaries';
import type { StoredMessage } from './timeline';

/** The conversations of all programs whose messages are stored. */
export class Conversations implements Heard {
  readonly summaries: Summaries;
  private readonly dialects = new Map<Program, Dialect>();
  private readonly live = new Map<string, LiveConversation>();
  private readonly around: Surroundings;
  /** Whether this connection's server knows the event. */
  private hearsReceived = true;

  constructor(
    private readonly connection: Connection,
    http: Http,
    shelf: Shelf,
  ) {
    this.summaries = new Summaries(connection, http);
    this.around = {
      connection,
      http,
      outbox: new Outbox(connection, shelf, (program) => this.dialects.get(program)),
      received: (id, seq) => this.received(id, seq),
      counted: (id, unread) => this.summaries.counted(id, unread),
    };
    connection.onOnline(() => (this.hearsReceived = true));
    connection.on('messages:delivered', ({ conversationId, seq, by }) => {
      if (by !== connection.me.get()?.sub) this.live.get(conversationId)?.heardDelivered(seq);
    });
  }

  add(dialect: Dialect): void {
    this.dialects.set(dialect.program, dialect);
  }

  /** The same object for the same id. */
  get(dialect: Dialect, id: string): LiveConversation {
    let conversation = this.live.get(id);
    if (!conversation) {
      conversation = new LiveConversation(id, dialect, this.around);
      this.live.set(id, conversation);
    }
    return conversation;
  }

  /** Who did something, of those who are named by their `sub`. */
  who(sub: string): Who {
    return sub === this.connection.me.get()?.sub ? 'me' : 'other';
  }

  message(id: string, message: StoredMessage): void {
    this.summaries.message(id, message, !this.live.get(id)?.counts);
    this.live.get(id)?.heardMessage(message);
  }

  read(id: string, seq: number, who: Who): void {
    this.live.get(id)?.heardRead(seq, who);
    if (!this.live.has(id) && who !== 'other') this.summaries.refresh.ask();
  }

  typing(id: string, by: string, on: boolean, who: Who): void {
    this.live.get(id)?.heardTyping(by, on, who);
  }

  ended(id: string, by: Who | 'system', reason: string): void {
    this.summaries.ended(id);
    this.live.get(id)?.heardEnd(by, reason);
  }

  timer(id: string, timer: { startedAt: string; minutes: number }): void {
    this.live.get(id)?.heardTimer(timer);
  }

  changed(id: string): void {
    this.summaries.refresh.ask();
    this.live.get(id)?.ask();
  }

  private async received(conversationId: string, seq: number): Promise<void> {
    if (!this.hearsReceived) return;
    try {
      await this.connection.request('messages:received', { conversationId, seq });
    } catch (thrown) {
      const error = KindlineClientError.of(thrown);
      if (error.code !== 'not_found') throw error;
      this.hearsReceived = false;
    }
  }
}
