import { Manager, type Socket } from 'socket.io-client';
import type { ConnectionState, Me } from '../api';
import { KindlineClientError } from '../client-error';
import type { AnswerOf, ClientEventName, PayloadOf, ServerEventName, ServerListener } from '../events';
import { WritableStore } from '../store';
import { type Tokens, type Why, whoIs } from '../tokens';
import { backoff } from './backoff';
import type { Connection } from './connection';

const ANSWER_WITHIN_MS = 10_000;
const ONLINE_WITHIN_MS = 15_000;
/** Who was online for so long begins again with short waits. */
const STEADY_MS = 3_000;

/** What a refused connection carries in `data`. */
interface Refusal extends Error {
  data?: { code?: string };
}
type Answer = { ok: true } | { ok: false; error: { code: string; message: string; errors?: [] } };

/**
 * Reconnects by itself instead of leaving that to Socket.IO, which has one policy for all reasons, asks for no token
 * and gives up when the server hangs up.
 */
export class SocketConnection implements Connection {
  readonly state = new WritableStore<ConnectionState>({ status: 'closed', code: null });
  readonly me = new WritableStore<Me | null>(null);
  readonly manager: Manager;
  private readonly socket: Socket;
  private readonly onlineListeners = new Set<() => void>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** Grows with `connect` and `close`: what was awaited before means nothing after. */
  private era = 0;
  private attempt = 0;
  private onlineSince = 0;
  private heardAt = 0;
  private why: Why = 'wanted';
  /** How long a server that goes down wants to be left alone. */
  private leaveAloneMs: number | undefined;

  constructor(
    gatewayUrl: string,
    private readonly tokens: Tokens,
  ) {
    this.manager = new Manager(gatewayUrl, {
      autoConnect: false,
      reconnection: false,
      transports: ['websocket'],
    });
    const heard = (): void => void (this.heardAt = Date.now());
    this.manager.on('packet', heard);
    this.manager.on('ping', heard);
    this.socket = this.manager.socket('/');
    this.on('connection_response', () => this.online());
    this.on('server_draining', ({ retryAfterMs }) => (this.leaveAloneMs = retryAfterMs));
    this.on('error', ({ code }) => {
      if (code === 'unauthenticated') this.why = 'expired';
    });
    this.socket.on('connect_error', ({ data }: Refusal) => this.refused(data?.code));
    this.socket.on('disconnect', () => this.lost());
  }

  connect(): void {
    if (!['closed', 'refused'].includes(this.state.get().status)) return;
    globalThis.addEventListener?.('online', this.tryNow);
    this.why = 'wanted';
    this.attempt = 0;
    void this.open(++this.era);
  }

  close(): void {
    this.stop('closed', null);
  }

  request<Event extends ClientEventName>(event: Event, payload: PayloadOf<Event>): Promise<AnswerOf<Event>> {
    return new Promise((resolve, reject) => {
      if (!this.isOnline) return reject(new KindlineClientError('network', 'Not connected'));
      const askedAt = Date.now();
      const answered = (failed: Error | null, answer: Answer): void => {
        if (!failed && answer.ok) return resolve(answer as AnswerOf<Event>);
        if (!failed) return reject(refusal((answer as Extract<Answer, { ok: false }>).error));
        const late = failed.message.includes('timed out');
        reject(new KindlineClientError(late ? 'timeout' : 'network', `No answer: ${event}`));
        // Not even a ping since then: nobody is at the other end any more.
        if (late && this.isOnline && this.heardAt < askedAt) this.manager.engine.close();
      };
      this.socket.timeout(ANSWER_WITHIN_MS).emit(event, payload, answered);
    });
  }

  emit<Event extends ClientEventName>(event: Event, payload: PayloadOf<Event>): void {
    if (this.socket.connected) this.socket.emit(event, payload);
  }

  on<Event extends ServerEventName>(event: Event, listener: ServerListener<Event>): () => void {
    this.socket.on(event as string, listener);
    return () => this.socket.off(event as string, listener);
  }

  onOnline(listener: () => void): () => void {
    const own = (): void => listener();
    this.onlineListeners.add(own);
    if (this.isOnline) own();
    return () => this.onlineListeners.delete(own);
  }

  private get isOnline(): boolean {
    return this.state.get().status === 'online';
  }

  private async open(era: number): Promise<void> {
    this.to('connecting');
    let token: string | null;
    try {
      token = await this.tokens.get(this.why);
    } catch {
      if (era === this.era) this.later();
      return;
    }
    if (era !== this.era) return;
    const who = token === null ? null : whoIs(token);
    const before = this.me.get();
    // Messages that wait belong to one person: another one needs a client of their own.
    if (who === null || (before && before.sub !== who.sub)) return this.stop('refused', 'unauthenticated');
    if (JSON.stringify(before) !== JSON.stringify(who)) this.me.set(who);
    this.socket.auth = { token };
    this.socket.connect();
    // A connection that is swallowed on its way says nothing at all.
    this.timer = setTimeout(() => this.manager.engine.close(), ONLINE_WITHIN_MS);
  }

  private online(): void {
    clearTimeout(this.timer);
    this.why = 'wanted';
    this.onlineSince = Date.now();
    this.leaveAloneMs = undefined;
    this.to('online');
    for (const listener of [...this.onlineListeners]) listener();
  }

  private refused(code: string | undefined): void {
    clearTimeout(this.timer);
    if (code === 'email_taken' || (code === 'unauthenticated' && this.why === 'expired'))
      return this.stop('refused', code);
    if (code !== 'unauthenticated') return this.later();
    this.why = 'expired';
    void this.open(this.era);
  }

  private lost(): void {
    if (this.isOnline && Date.now() - this.onlineSince > STEADY_MS) this.attempt = 0;
    this.later();
  }

  private later(): void {
    if (['closed', 'refused'].includes(this.state.get().status)) return;
    this.to('offline');
    clearTimeout(this.timer);
    const waitMs = this.leaveAloneMs ?? backoff(this.attempt++);
    this.leaveAloneMs = undefined;
    this.timer = setTimeout(this.tryNow, waitMs);
  }

  private readonly tryNow = (): void => {
    clearTimeout(this.timer);
    if (this.state.get().status === 'offline') void this.open(this.era);
  };

  private stop(status: 'closed' | 'refused', code: string | null): void {
    this.era++;
    clearTimeout(this.timer);
    globalThis.removeEventListener?.('online', this.tryNow);
    this.to(status, code);
    this.socket.disconnect();
    this.manager.engine?.close();
  }

  private to(status: ConnectionState['status'], code: string | null = null): void {
    const now = this.state.get();
    if (now.status !== status || now.code !== code) this.state.set({ status, code });
  }
}

function refusal({
  code,
  message,
  errors,
  ...details
}: Extract<Answer, { ok: false }>['error']): KindlineClientError {
  return new KindlineClientError(code, message, { ...(errors && { errors }), details });
}
