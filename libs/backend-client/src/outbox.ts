import type { Delivery } from './delivery';
import type { GatewayLink } from './gateway-link';
import type { PendingBooking } from './pending-booking';

/** The server takes no more in one request. */
export const LARGEST_BATCH = 500;

/** Kindline takes 2 MiB, but a common proxy in front of it refuses more than 1 MiB unless told otherwise. */
const BATCH_BYTES = 1024 * 1024;

/** How many may be unanswered on the socket. */
const LARGEST_SOCKET_WINDOW = 200;

/**
 * What waits to be sent. While requests are in flight the next one gathers, so that a busy client sends few
 * large ones and an idle one sends at once.
 */
export class Outbox {
  readonly #delivery: Delivery;
  readonly #link: GatewayLink;
  readonly #maxRequests: number;
  /** For either way. */
  readonly #waiting: PendingBooking[] = [];
  /** What the socket did not answer. */
  readonly #overHttp: PendingBooking[] = [];
  #requests = 0;
  #onSocket = 0;
  #scheduled = false;

  constructor(delivery: Delivery, link: GatewayLink, maxRequests: number) {
    this.#delivery = delivery;
    this.#link = link;
    this.#maxRequests = maxRequests;
  }

  add(booking: PendingBooking): void {
    this.#waiting.push(booking);
    this.#schedule();
  }

  /** Not at once: what the same turn of the event loop still brings goes along. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#send();
    });
  }

  #send(): void {
    if (this.#link.ready) {
      let taken = 0;
      for (const booking of this.#waiting) {
        if (this.#onSocket === LARGEST_SOCKET_WINDOW) break;
        taken++;
        // Those that were given up take no room: no answer would come to call up what waits behind them.
        if (!booking.settled) void this.#sendOverSocket(booking);
      }
      this.#waiting.splice(0, taken);
    } else {
      for (const booking of this.#waiting.splice(0)) this.#overHttp.push(booking);
    }
    while (this.#requests < this.#maxRequests) {
      const batch = this.#nextBatch();
      if (batch.length === 0) return;
      void this.#sendOverHttp(batch);
    }
  }

  async #sendOverSocket(booking: PendingBooking): Promise<void> {
    this.#onSocket++;
    booking.sent();
    const outcome = await this.#link.send(booking);
    this.#onSocket--;
    // Over HTTP it is the same event, so nothing is stored twice if the socket's attempt was stored after all.
    if (booking.take(outcome)) this.#overHttp.push(booking);
    this.#schedule();
  }

  async #sendOverHttp(batch: readonly PendingBooking[]): Promise<void> {
    this.#requests++;
    await this.#delivery.deliver(batch);
    this.#requests--;
    this.#schedule();
  }

  #nextBatch(): PendingBooking[] {
    const batch: PendingBooking[] = [];
    let bytes = 2;
    let taken = 0;
    for (const booking of this.#overHttp) {
      if (booking.settled) {
        taken++;
        continue;
      }
      bytes += booking.bytes + 1;
      if (batch.length === LARGEST_BATCH || (batch.length > 0 && bytes > BATCH_BYTES)) break;
      batch.push(booking);
      taken++;
    }
    this.#overHttp.splice(0, taken);
    return batch;
  }
}
