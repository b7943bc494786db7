import { oddAnswer, readAccepted, readRefusal } from './answers';
import { KindlineBackendError } from './kindline-backend-error';
import type { Settings } from './options';
import type { Failure, Outcome } from './outcome';
import type { PendingBooking } from './pending-booking';
import { type GatewaySocket, type LoadSocketIo } from './socket-io';
import type { Timing } from './timing';

/** Before it connects again when the gateway said goodbye or does not answer. */
const AWAY_MS = 1_000;
const LONGEST_AWAY_MS = 60_000;

type State = 'apart' | 'connecting' | 'ready' | 'draining' | 'away' | 'closed';

/** The socket to the gateway, once it was asked for; it comes back by itself. */
export class GatewayLink {
  readonly #settings: Settings;
  readonly #timing: Timing;
  readonly #load: LoadSocketIo;
  #state: State = 'apart';
  #socket: GatewaySocket | undefined;
  #connecting: Promise<void> | undefined;
  #awayMs = AWAY_MS;
  #cancelReturn: () => void = () => undefined;
  #settle: { resolve: () => void; reject: (error: KindlineBackendError) => void } | undefined;

  constructor(settings: Settings, timing: Timing, load: LoadSocketIo) {
    this.#settings = settings;
    this.#timing = timing;
    this.#load = load;
  }

  /** Whether bookings can go over it now. */
  get ready(): boolean {
    return this.#state === 'ready';
  }

  /** Resolves when the gateway has taken the token. @throws KindlineBackendError */
  connect(): Promise<void> {
    if (this.#connecting) return this.#connecting;
    const connecting = this.#open().catch((error: unknown) => {
      // Unless somebody has begun anew meanwhile.
      if (this.#connecting === connecting) this.#drop();
      throw error;
    });
    this.#connecting = connecting;
    return connecting;
  }

  /** What became of one booking; never rejects. */
  send(booking: PendingBooking): Promise<Outcome> {
    return new Promise((resolve) => {
      const payload: unknown = JSON.parse(booking.json);
      const socket = this.#socket?.timeout(this.#settings.requestTimeoutMs);
      if (!socket) return resolve(unanswered);
      socket.emit('booking_notification', payload, (missing, answer) => {
        if (!missing) {
          const odd = oddAnswer('the answer is not one of Kindline');
          return resolve(readAccepted(answer) ?? readRefusal(answer) ?? odd);
        }
        resolve(unanswered);
        // A gateway that holds the connection and says nothing would hold up every booking that follows.
        if (this.#state === 'ready') this.#leave();
      });
    });
  }

  close(): void {
    this.#state = 'closed';
    this.#settle?.reject(new KindlineBackendError('closed', 'the client was closed'));
    this.#drop();
  }

  async #open(): Promise<void> {
    const { gatewayUrl, timeoutMs } = this.#settings;
    if (gatewayUrl === undefined) throw new TypeError('connect() needs the option gatewayUrl');
    this.#state = 'connecting';
    const connect = await this.#load();
    if (this.#isClosed()) throw new KindlineBackendError('closed', 'the client was closed');
    const opened = new Promise<void>((resolve, reject) => (this.#settle = { resolve, reject }));
    const cancel = this.#timing.after(timeoutMs, () =>
      this.#refuse('timeout', `no socket within ${timeoutMs} ms`),
    );
    this.#socket = connect(gatewayUrl);
    this.#listen(this.#socket);
    this.#socket.connect();
    await opened.finally(cancel);
  }

  #listen(socket: GatewaySocket): void {
    socket.on('connect', () => this.#introduce(socket));
    socket.on('connect_error', () => {
      // Otherwise socket.io tries again by itself.
      if (!socket.active) this.#returnLater();
    });
    socket.on('server_draining', (notice) => {
      if (this.#state !== 'ready') return;
      // What is under way is still answered; the gateway closes the connection after that.
      this.#state = 'draining';
      const ms = (notice as { retryAfterMs?: unknown } | undefined)?.retryAfterMs;
      if (typeof ms === 'number' && ms >= 0) this.#awayMs = Math.min(ms, LONGEST_AWAY_MS);
    });
    socket.on('disconnect', (reason) => {
      // By itself socket.io would not come back after a goodbye, and too soon to a gateway that drains.
      const byUs = reason === 'io server disconnect' || this.#state === 'draining';
      if (this.#state === 'ready' || this.#state === 'draining') this.#state = 'away';
      if (byUs) this.#leave();
    });
  }

  #introduce(socket: GatewaySocket): void {
    const { requestTimeoutMs, token } = this.#settings;
    socket.timeout(requestTimeoutMs).emit('backend_connect', { token }, (missing, answer) => {
      if (this.#socket !== socket) return;
      if (!missing && (answer as { ok?: unknown } | undefined)?.ok === true) {
        this.#state = 'ready';
        this.#awayMs = AWAY_MS;
        return this.#settle?.resolve();
      }
      const refusal = missing ? undefined : readRefusal(answer);
      if (refusal && !refusal.retry) return this.#refuse(refusal.code, refusal.message);
      this.#leave();
    });
  }

  /** The gateway does not want us, or not in time: there is no use in asking again. */
  #refuse(code: string, message: string): void {
    this.#settle?.reject(new KindlineBackendError(code, message.replaceAll(this.#settings.token, '[token]')));
    this.#drop();
  }

  #leave(): void {
    if (this.#state === 'ready') this.#state = 'away';
    this.#socket?.disconnect();
    this.#returnLater();
  }

  /** Half to one and a half times as long as it should be, so that not all clients come at once. */
  #returnLater(): void {
    if (this.#isClosed() || !this.#socket) return;
    this.#cancelReturn();
    const ms = this.#awayMs * (0.5 + this.#timing.random());
    this.#cancelReturn = this.#timing.after(ms, () => this.#socket?.connect());
  }

  #drop(): void {
    this.#cancelReturn();
    const socket = this.#socket;
    this.#socket = undefined;
    this.#connecting = undefined;
    if (!this.#isClosed()) this.#state = 'apart';
    socket?.disconnect();
  }

  #isClosed(): boolean {
    return this.#state === 'closed';
  }
}

const unanswered: Failure = {
  ok: false,
  code: 'network',
  message: 'the gateway did not answer',
  retry: true,
  unclear: true,
};
