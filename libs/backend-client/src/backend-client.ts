import type { Booking, BookingResult, PublishedBooking, PublishOptions } from './booking';
import { Delivery } from './delivery';
import { GatewayLink } from './gateway-link';
import { HttpChannel } from './http-channel';
import { KindlineBackendError } from './kindline-backend-error';
import { type BackendClientOptions, readOptions, type Settings } from './options';
import { LARGEST_BATCH, Outbox } from './outbox';
import { eventIdOf, PendingBooking } from './pending-booking';
import { type LoadSocketIo, loadSocketIo } from './socket-io';
import { systemTiming, type Timing } from './timing';

/** Tells Kindline of bookings. One client per process is enough: calls at the same time share requests. */
export interface BackendClient {
  /** Whether bookings go over the socket at the moment. */
  readonly connected: boolean;
  /**
   * Resolves when the booking is stored; tries again until then, at most `timeoutMs`.
   * @throws KindlineBackendError when it is not, or nobody knows (`maybeStored`)
   */
  publishBooking(booking: Booking, options?: PublishOptions): Promise<PublishedBooking>;
  /**
   * Any number of bookings. Resolves with what became of each, in the order given; never rejects for one of them.
   * Each has `timeoutMs` from when its turn comes.
   */
  publishBookings(bookings: readonly Booking[], options?: PublishOptions): Promise<BookingResult[]>;
  /**
   * Opens a socket to `gatewayUrl` and keeps it open; bookings go over it from then on, and over HTTP while it is
   * away. Needs the package socket.io-client. Resolves when the gateway has taken the token.
   * @throws KindlineBackendError when that does not happen within `timeoutMs`; the socket is given up then
   */
  connect(): Promise<void>;
  /** Takes no more bookings and resolves when each of those under way is settled and the socket is closed. */
  close(): Promise<void>;
}

/**
 * A client for this server. Opens nothing by itself.
 * @throws TypeError for an option that is wrong
 */
export function createBackendClient(options: BackendClientOptions): BackendClient {
  return createClientWith(options, systemTiming, loadSocketIo);
}

/** With other time and another Socket.IO, for tests. */
export function createClientWith(
  options: BackendClientOptions,
  timing: Timing,
  load: LoadSocketIo,
): BackendClient {
  return new Client(readOptions(options), timing, load);
}

/** Its state is private to the language as well, so that no log that shows a client shows the token. */
class Client implements BackendClient {
  readonly #settings: Settings;
  readonly #timing: Timing;
  readonly #link: GatewayLink;
  readonly #outbox: Outbox;
  readonly #calls = new Set<Promise<unknown>>();
  #closed: Promise<void> | undefined;

  constructor(settings: Settings, timing: Timing, load: LoadSocketIo) {
    this.#settings = settings;
    this.#timing = timing;
    this.#link = new GatewayLink(settings, timing, load);
    const delivery = new Delivery(new HttpChannel(settings, timing), timing);
    this.#outbox = new Outbox(delivery, this.#link, settings.maxRequests);
  }

  get connected(): boolean {
    return this.#link.ready;
  }

  publishBooking(booking: Booking, options: PublishOptions = {}): Promise<PublishedBooking> {
    return this.#call(async () => this.#publish(booking, eventIdOf(booking), options));
  }

  publishBookings(bookings: readonly Booking[], options: PublishOptions = {}): Promise<BookingResult[]> {
    return this.#call(async () => this.#publishAll([...bookings], options));
  }

  connect(): Promise<void> {
    return this.#closed ? Promise.reject(closed()) : this.#link.connect();
  }

  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  async #end(): Promise<void> {
    await Promise.allSettled(this.#calls);
    this.#link.close();
  }

  /** So that `close` waits for it. */
  #call<Result>(publish: () => Promise<Result>): Promise<Result> {
    if (this.#closed) return Promise.reject(closed());
    const call = publish().finally(() => this.#calls.delete(call));
    this.#calls.add(call);
    return call;
  }

  async #publish(booking: Booking, eventId: string, { signal }: PublishOptions): Promise<PublishedBooking> {
    const { timeoutMs } = this.#settings;
    const pending = new PendingBooking(booking, eventId, { timing: this.#timing, timeoutMs, signal });
    this.#outbox.add(pending);
    return pending.outcome;
  }

  async #publishAll(bookings: readonly Booking[], options: PublishOptions): Promise<BookingResult[]> {
    const results: BookingResult[] = [];
    let next = 0;
    // As many as fit into the requests in flight, so that those at the end do not wait their deadline away.
    const fill = async () => {
      while (next < bookings.length) {
        const from = next;
        next += LARGEST_BATCH;
        const part = bookings.slice(from, next).map((booking) => this.#resultOf(booking, options));
        for (const [n, result] of (await Promise.all(part)).entries()) results[from + n] = result;
      }
    };
    await Promise.all(Array.from({ length: this.#settings.maxRequests }, fill));
    return results;
  }

  async #resultOf(booking: Booking, options: PublishOptions): Promise<BookingResult> {
    const eventId = eventIdOf(booking);
    try {
      return { ok: true, ...(await this.#publish(booking, eventId, options)) };
    } catch (error) {
      if (error instanceof KindlineBackendError) return { ok: false, eventId, error };
      throw error;
    }
  }
}

const closed = (): KindlineBackendError => new KindlineBackendError('closed', 'the client was closed');
