import type { SessionEnded } from '@kindline/contracts';
import type { AnonymousChat, AnonymousChatState, Message } from '../api';
import { KindlineClientError } from '../client-error';
import { backoff } from '../connection/backoff';
import type { Connection } from '../connection/connection';
import { isOnline, isPassing, pause } from '../connection/waiting';
import { Typing } from '../conversations/typing';
import type { Http } from '../http/http';
import { WritableStore } from '../store';
import { whoIs } from '../tokens';
import type { OpenSessions } from './open-sessions';
import { Seat } from './seat';
import { Transcript } from './transcript';

const PAGE = 50;
const OVER = ['ended', 'forgotten'];
/** Close codes of the namespace. */
const INVALID_SESSION = 4001;
const UNAUTHORIZED = 4003;

/** One side of an anonymous session. Everything it knows is in memory. */
export class SessionChat extends WritableStore<AnonymousChatState> implements AnonymousChat {
  private readonly seat: Seat;
  private readonly transcript = new Transcript();
  private readonly undo: (() => void)[];
  /** Under which name one sits here: the token tells, and nothing else does. */
  private anonymousId: string | undefined;
  /** Whether the last token was asked for because the one before was refused. */
  private renewed = false;
  private attempt = 0;
  private isSending = false;
  /** What the server may have. */
  private sending: string | undefined;
  private loadingOlder: Promise<void> | undefined;
  /** When everything that was said until then has come; null before the first page. */
  private completeUntil: string | null = null;
  private isComplete = false;
  private readonly types: Typing;

  constructor(
    private readonly connection: Connection,
    private readonly http: Http,
    private readonly sessions: OpenSessions,
    readonly sessionId: string,
    private readonly left: () => void,
  ) {
    super({
      messages: [],
      hasOlder: false,
      status: 'connecting',
      position: null,
      typing: false,
      ended: null,
      forgottenAt: null,
    });
    this.types = new Typing(
      (on) => this.seat.typing(on),
      () => this.update({ typing: this.types.names.length > 0 }),
    );
    this.seat = new Seat(connection, {
      joined: () => void this.joined(),
      left: (letGo) => this.away(letGo),
      refused: (code) => void this.refused(code),
    });
    this.seat.on('message', (line) => {
      this.transcript.add([line], this.anonymousId);
      this.types.heard(line.from, false);
      this.show();
    });
    this.seat.on('typing', ({ from, on }) => {
      this.transcript.heard();
      this.types.heard(from, on);
      this.show();
    });
    this.seat.on('session_ended', (end) => this.ended(end));
    this.undo = [
      connection.onOnline(() => void this.join()),
      sessions.list.subscribe(() => this.show()),
      connection.state.subscribe(() => {
        // The connection would stay open for this one socket.
        if (['closed', 'refused'].includes(connection.state.get().status)) this.seat.rest();
      }),
    ];
  }

  get role(): 'student' | 'counselor' {
    return this.sessions.find(this.sessionId)?.role ?? this.sessions.role;
  }

  get isOver(): boolean {
    return OVER.includes(this.get().status);
  }

  async send(content: string): Promise<Message> {
    const message = this.transcript.say(content);
    if (this.isOver) this.fail(message.key, new KindlineClientError('conversation_ended', 'It is over'));
    this.types.stop();
    this.show();
    void this.flush();
    return message;
  }

  async retry(key: string): Promise<void> {
    this.transcript.retry(key);
    this.show();
    void this.flush();
  }

  async discard(key: string): Promise<void> {
    if (this.sending === key) throw new KindlineClientError('conflict', 'It may have been sent already');
    this.transcript.discard(key);
    this.show();
  }

  loadOlder(): Promise<void> {
    this.loadingOlder ??= this.older().finally(() => (this.loadingOlder = undefined));
    return this.loadingOlder;
  }

  typing(): void {
    if (this.seat.isJoined) this.types.struck();
  }

  async end(): Promise<void> {
    await this.http.request('POST', `/api/chat/sessions/${this.sessionId}/end`, {});
    this.ended({ sessionId: this.sessionId, endedBy: this.role, reason: 'ended' });
  }

  leave(): void {
    this.stop();
    this.left();
  }

  /** As the server told, here or to the account. */
  ended({ endedBy: by, reason }: SessionEnded): void {
    if (this.isOver) return;
    this.stop();
    this.sessions.over(this.sessionId);
    if (reason === 'expired') this.show({ status: 'forgotten', forgottenAt: null });
    else this.show({ status: 'ended', ended: { by, reason } });
    for (const { key, state } of this.transcript.messages)
      if (state === 'sending') this.fail(key, new KindlineClientError('conversation_ended', 'It is over'));
    this.show();
  }

  private async join(): Promise<void> {
    if (this.isOver || this.seat.isActive || !isOnline(this.connection)) return;
    this.renewed = false;
    const known = this.sessions.key(this.sessionId)?.token;
    if (known) this.enter(known);
    else await this.renew();
  }

  private enter(token: string): void {
    this.anonymousId = whoIs(token)?.sub;
    this.show({ status: 'connecting' });
    this.seat.join(token);
  }

  /** With a fresh token. Who has none any more has no such session. */
  private async renew(): Promise<void> {
    this.renewed = true;
    try {
      const key = await this.sessions.freshKey(this.sessionId);
      if (this.isOver) return;
      if (key) return this.enter(key.token);
      // Who had one has been replaced, unless nobody has it any more.
      const replaced = this.anonymousId !== undefined && this.role === 'counselor';
      this.ended({
        sessionId: this.sessionId,
        endedBy: 'system',
        reason: replaced ? 'counselor_lost' : 'expired',
      });
    } catch (error) {
      if (isPassing(KindlineClientError.of(error))) await this.later();
      else this.show({ status: 'offline' });
    }
  }

  private async later(): Promise<void> {
    await pause(this.connection, 1_000 + backoff(this.attempt++));
    await this.join();
  }

  private async joined(): Promise<void> {
    this.renewed = false;
    this.show({ status: this.sessions.find(this.sessionId)?.status ?? 'active' });
    // First whether what was sent last has arrived: the history does not say from which try a message is.
    const last = this.transcript.next;
    if (last && !this.isSending) {
      this.isSending = true;
      await this.sendOne(last);
      this.isSending = false;
    }
    await this.catchUp();
    void this.flush();
  }

  private away(letGo: boolean): void {
    if (this.isOver) return;
    this.types.clear();
    if (this.isComplete) this.completeUntil = this.transcript.newest?.at ?? '';
    this.isComplete = false;
    this.show({ status: 'connecting' });
    // The token has expired, or the session is over or somebody else's: a fresh one tells which.
    if (letGo) void this.renew();
  }

  private async refused(code: number | string): Promise<void> {
    if (this.isOver) return;
    if (code === INVALID_SESSION)
      return this.ended({ sessionId: this.sessionId, endedBy: 'system', reason: 'expired' });
    if (code !== UNAUTHORIZED) return this.later();
    if (this.renewed) this.show({ status: 'offline' });
    else await this.renew();
  }

  /** What was said since, back to what is known. */
  private async catchUp(): Promise<void> {
    let before: string | undefined;
    for (let attempt = 0; this.seat.isJoined;) {
      try {
        const page = await this.seat.request('history', { limit: PAGE, ...(before && { before }) });
        this.transcript.add(page.messages, this.anonymousId);
        const [first] = page.messages;
        const begins = this.completeUntil === null;
        this.show(begins ? { hasOlder: page.has_more } : {});
        this.attempt = 0;
        this.isComplete = begins || !first || !page.has_more || first.timestamp <= (this.completeUntil ?? '');
        if (this.isComplete) return;
        before = first?.id;
      } catch (error) {
        if (!isPassing(KindlineClientError.of(error))) return;
        await pause(this.connection, 500 + backoff(attempt++));
      }
    }
  }

  private async older(): Promise<void> {
    const before = this.transcript.oldest?.id;
    if (!before || !this.get().hasOlder) return;
    const page = await this.seat.request('history', { before, limit: PAGE });
    this.transcript.add(page.messages, this.anonymousId);
    this.show({ hasOlder: page.has_more });
  }

  /** One after the other, so that they stay in order. */
  private async flush(): Promise<void> {
    if (this.isSending) return;
    this.isSending = true;
    for (
      let attempt = 0, next = this.transcript.next;
      next && this.seat.isJoined;
      next = this.transcript.next
    ) {
      if (await this.sendOne(next)) attempt = 0;
      else await pause(this.connection, 500 + backoff(attempt++, 500, 15_000));
    }
    this.isSending = false;
  }

  /** @returns false when it is to be tried again */
  private async sendOne({ key, content }: Message): Promise<boolean> {
    this.sending = key;
    try {
      const sent = await this.seat.request('message', { content, clientId: key });
      this.transcript.sent(key, sent, this.anonymousId);
    } catch (thrown) {
      const error = KindlineClientError.of(thrown);
      if (isPassing(error)) return false;
      this.fail(key, error);
    }
    this.sending = undefined;
    this.show();
    return true;
  }

  private fail(key: string, error: KindlineClientError): void {
    this.transcript.failed(key, error);
  }

  private stop(): void {
    for (const undo of this.undo.splice(0)) undo();
    this.types.clear();
    this.seat.leave();
  }

  private show(change: Partial<AnonymousChatState> = {}): void {
    const session = this.sessions.find(this.sessionId);
    const messages = this.transcript.messages;
    this.update({
      messages,
      position: session?.position ?? null,
      ...(this.seat.isJoined && session && !this.isOver && { status: session.status }),
      forgottenAt: this.forgottenAt(),
      ...change,
    });
  }

  /** So long after the last message, or as the server said where something else was the last. */
  private forgottenAt(): string | null {
    if (this.isOver) return null;
    const told = this.sessions.key(this.sessionId)?.forgottenAt ?? '';
    const keptMs = this.sessions.find(this.sessionId)?.forgottenAfterMs;
    const { newest } = this.transcript;
    const byMessage = keptMs && newest ? new Date(Date.parse(newest.at) + keptMs).toISOString() : '';
    return (byMessage > told ? byMessage : told) || null;
  }

  private update(change: Partial<AnonymousChatState>): void {
    this.set({ ...this.get(), ...change });
  }
}
