import type { Conversation, ConversationState, Ending, Me, Message, Program, ReplyTo } from '../api';
import type { MessageView } from '@kindline/contracts';
import { KindlineClientError } from '../client-error';
import { newClientId } from '../client-id';
import type { Connection } from '../connection/connection';
import { Refresh } from '../connection/refresh';
import type { Http } from '../http/http';
import { type Dialect, type Draft, quote, type Side, storedMessage, type Stored, type Who } from './dialect';
import type { Entry, Lane } from './lane';
import type { Outbox } from './outbox';
import { Paced } from './paced';
import { type StoredMessage, Timeline } from './timeline';
import { Typing } from './typing';

const PAGE = 50;
const READ_EVERY_MS = 500;
const RECEIVED_EVERY_MS = 1_000;

/** What all conversations of a client share. */
export interface Surroundings {
  connection: Connection;
  http: Http;
  outbox: Outbox;
  /** Says that this device has everything up to there. */
  received(id: string, seq: number): Promise<unknown>;
  /** Hears of the number of unread messages. */
  counted(id: string, unread: number): void;
}

/** The engine of one conversation, the same in every program whose messages are stored. */
export class LiveConversation implements Conversation {
  readonly program: Program;
  private readonly timeline = new Timeline();
  private readonly lane: Lane;
  private readonly refresh: Refresh;
  private readonly typists: Typing;
  private readonly readMark: Paced;
  private readonly receivedMark: Paced;
  private readonly listeners = new Set<() => void>();
  private side: Side | null = null;
  /** Whether it is known how it stands, on this connection. */
  private asked = false;
  private ended: Ending | null = null;
  /** Unread messages, as the server counts them. */
  private counted = 0;
  private timer: ConversationState['timer'] = null;
  private visible = false;
  private older: Promise<void> | undefined;
  private snapshot: ConversationState | undefined;
  private shown: readonly Message[] | undefined;
  private told = true;

  constructor(
    readonly id: string,
    private readonly dialect: Dialect,
    private readonly around: Surroundings,
  ) {
    const { connection, outbox } = around;
    this.program = dialect.program;
    this.typists = new Typing(
      (on) => dialect.typing(id, on),
      () => this.changed(),
    );
    this.lane = outbox.lane(id);
    this.lane.watch = {
      changed: () => this.draftsChanged(),
      stored: (entry, stored) => this.stored(entry, stored),
    };
    this.readMark = new Paced(connection, READ_EVERY_MS, async (seq) =>
      dialect.read(id, seq, this.requireSide()),
    );
    this.receivedMark = new Paced(connection, RECEIVED_EVERY_MS, async (seq) => {
      this.requireSide();
      await around.received(id, seq);
    });
    connection.onOnline(() => (this.asked = false));
    connection.state.subscribe(() => this.typists.clear());
    this.refresh = new Refresh(
      connection,
      () => this.load(),
      () => this.changed(),
    );
    globalThis.document?.addEventListener('visibilitychange', () => this.seen(true));
  }

  get(): ConversationState {
    return (this.snapshot ??= this.build());
  }

  subscribe(listener: () => void): () => void {
    const own = (): void => listener();
    this.listeners.add(own);
    return () => this.listeners.delete(own);
  }

  async send(content: string, { replyTo }: { replyTo?: ReplyTo } = {}): Promise<Message> {
    this.typists.stop();
    const draft: Draft = {
      clientId: newClientId(),
      program: this.program,
      conversationId: this.id,
      content,
      replyTo: replyTo ? quote(replyTo) : null,
      at: new Date().toISOString(),
      after: this.timeline.anchored ? this.timeline.last : null,
    };
    return (await this.lane.add(draft)).message;
  }

  async retry(key: string): Promise<void> {
    this.lane.retry(key);
  }

  discard(key: string): Promise<void> {
    return this.lane.discard(key);
  }

  loadOlder(): Promise<void> {
    this.older ??= this.pageBefore().finally(() => (this.older = undefined));
    return this.older;
  }

  onScreen(visible: boolean): void {
    const opened = visible && !this.visible;
    this.visible = visible;
    this.seen(opened);
  }

  typing(): void {
    if (!this.ended) this.typists.struck();
  }

  async end(): Promise<void> {
    await this.dialect.end(this.id, this.me);
  }

  heardMessage(message: StoredMessage): void {
    if (message.from === 'other') this.typists.clearOthers();
    this.take(() => this.timeline.add(message));
    if (this.timeline.gap) this.refresh.ask();
  }

  heardRead(seq: number, who: Who): void {
    const side = this.sideOf(who);
    if (side) this.take(() => this.timeline.mark(side === 'me' ? 'readByMe' : 'readByOther', seq));
  }

  heardDelivered(seq: number): void {
    this.take(() => this.timeline.mark('delivered', seq));
  }

  heardTyping(by: string, on: boolean, who: Who): void {
    if (this.sideOf(who) === 'other') this.typists.heard(by, on);
  }

  heardEnd(by: Who | 'system', reason: string): void {
    this.standing({ by: by === 'system' ? by : (this.sideOf(by) ?? 'other'), reason });
  }

  heardTimer(timer: ConversationState['timer']): void {
    this.timer = timer;
    this.changed();
  }

  /** Something about it has changed: asks how it stands. */
  ask(): void {
    this.asked = false;
    this.refresh.ask();
  }

  /** Whether it knows what is unread in it. */
  get counts(): boolean {
    return this.timeline.anchored;
  }

  /** @throws unavailable as long as one's side is not known; what waits for it is tried again then. */
  private requireSide(): Side {
    if (this.side) return this.side;
    throw new KindlineClientError('unavailable', 'Not a member, as far as is known');
  }

  private get me(): Me {
    const me = this.around.connection.me.get();
    if (!me) throw new KindlineClientError('unauthenticated', 'Not connected yet');
    return me;
  }

  /** Null while one's own side is not known: how the conversation stands is being asked. */
  private sideOf(who: Who): 'me' | 'other' | null {
    if (who === 'me' || who === 'other') return who;
    return this.side && (who === this.side ? 'me' : 'other');
  }

  private async load(): Promise<void> {
    const standing = this.askStanding();
    if (!this.timeline.anchored) {
      const [page] = await Promise.all([this.page(`limit=${PAGE}`), standing]);
      this.take(() => this.timeline.anchor(page, this.counted));
      if (!this.timeline.gap) return;
    }
    await Promise.all([this.sync(), standing]);
  }

  private async askStanding(): Promise<void> {
    if (this.asked) return;
    const before = this.ended;
    const [standing, newest] = await Promise.all([
      this.dialect.standing(this.id, this.me),
      // What the other side has read meanwhile is not told again; their messages show it.
      this.timeline.waitsToBeRead ? this.page(`limit=${PAGE}`) : [],
    ]);
    const { side, ended, unread, readByMe = 0, readByOther = 0, timer = this.timer } = standing;
    this.asked = true;
    this.side = side;
    this.counted = unread;
    this.timer = timer;
    this.take(() => {
      this.timeline.mark('readByMe', readByMe);
      this.timeline.mark('readByOther', readByOther);
      this.timeline.add(...newest);
    });
    // What was heard meanwhile is newer, and an event knows more about how it ended.
    if (this.ended === before && !(before && ended)) this.standing(ended);
    this.seen(true);
    this.readMark.soon();
    this.receivedMark.soon();
  }

  private async sync(): Promise<void> {
    const { connection } = this.around;
    for (let more = true; more;) {
      const payload = { conversationId: this.id, afterSeq: this.timeline.last };
      const answer = this.side
        ? await connection.request('messages:sync', payload)
        : await this.request(`after=${this.timeline.last}&limit=500`);
      this.take(() => this.timeline.add(...this.read(answer.messages)));
      more = answer.has_more;
    }
    if (this.timeline.gap) throw new KindlineClientError('unavailable', 'Messages are missing');
  }

  private async pageBefore(): Promise<void> {
    if (!this.get().hasOlder) return;
    const page = await this.page(`before=${this.timeline.first}&limit=${PAGE}`);
    this.take(() => this.timeline.prepend(page));
  }

  private async page(query: string): Promise<StoredMessage[]> {
    return this.read((await this.request(query)).messages);
  }

  private request(query: string): Promise<{ messages: MessageView[]; has_more: boolean }> {
    return this.around.http.request('GET', `${this.dialect.messagesPath(this.id)}?${query}`);
  }

  private read(views: readonly MessageView[]): StoredMessage[] {
    return views.map((view) => storedMessage(view, this.me, this.dialect.twoPeople));
  }

  private stored({ draft, message, twin }: Entry, { id, seq, at }: Stored): void {
    const { content, replyTo, clientId: key } = draft;
    if (twin !== undefined && twin !== seq) this.timeline.rekey(twin);
    this.take(() => {
      this.timeline.add({
        id,
        seq,
        at,
        content,
        replyTo,
        key,
        from: 'me',
        sender: this.me.sub,
        type: message.type,
      });
      this.timeline.rekey(seq, key);
    });
    if (this.timeline.gap) this.refresh.ask();
  }

  private take(change: () => void): void {
    change();
    this.messagesChanged();
    if (!this.timeline.anchored) return;
    const theirs = this.timeline.lastOfOthers;
    if (theirs > this.timeline.readByMe) this.receivedMark.want(theirs);
    this.seen(false);
  }

  /** What is on the screen of a page that can be seen is read. */
  private seen(opened: boolean): void {
    if (!this.visible || globalThis.document?.visibilityState === 'hidden') return;
    const theirs = this.timeline.lastOfOthers;
    if (opened && this.dialect.saysOpened) this.readMark.want(theirs, true);
    if (theirs <= this.timeline.readByMe) return;
    this.readMark.want(theirs);
    this.take(() => this.timeline.mark('readByMe', theirs));
  }

  private standing(ended: Ending | null): void {
    this.ended = ended;
    if (ended) this.typists.clear();
    this.changed();
  }

  private draftsChanged(): void {
    for (const entry of this.lane.entries) {
      if (entry.message.state !== 'failed' || entry.twin === undefined) continue;
      // It was not that one after all.
      this.timeline.rekey(entry.twin);
      entry.twin = undefined;
    }
    this.messagesChanged();
  }

  private messagesChanged(): void {
    this.shown = undefined;
    this.changed();
  }

  private changed(): void {
    this.snapshot = undefined;
    if (!this.told) return;
    this.told = false;
    queueMicrotask(() => {
      this.told = true;
      if (this.counts) this.around.counted(this.id, this.get().unread);
      for (const listener of [...this.listeners]) listener();
    });
  }

  private build(): ConversationState {
    const { timeline, ended, timer } = this;
    this.shown ??= this.allMessages();
    return {
      messages: this.shown,
      hasOlder: timeline.anchored && timeline.first > 1,
      loading: this.refresh.pending,
      error: this.refresh.error,
      typing: this.typists.names,
      ended,
      unread: timeline.anchored ? timeline.unread : this.counted,
      timer,
    };
  }

  private allMessages(): readonly Message[] {
    const head = this.lane.head;
    if (head?.tried && head.twin === undefined) {
      const twin = this.timeline.twin(head.draft);
      if (twin?.seq) this.timeline.rekey((head.twin = twin.seq), head.draft.clientId);
    }
    const waiting = this.lane.entries.filter(({ twin }) => twin === undefined);
    return [...this.timeline.messages, ...waiting.map(({ message }) => message)];
  }
}
