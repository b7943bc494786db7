import { backoffMs } from './backoff';
import type { HttpChannel } from './http-channel';
import type { Answer, Failure, Outcome } from './outcome';
import type { PendingBooking } from './pending-booking';
import type { Timing } from './timing';

/** Refusals of a whole request for what is in it: each half is tried alone, until the one at fault stands alone. */
const OF_THE_CONTENT = [400, 413];

/** Brings a batch to its end: tries again until every booking of it is settled. */
export class Delivery {
  readonly #http: HttpChannel;
  readonly #timing: Timing;

  constructor(http: HttpChannel, timing: Timing) {
    this.#http = http;
    this.#timing = timing;
  }

  /** Resolves when each is settled. */
  async deliver(batch: readonly PendingBooking[]): Promise<void> {
    const abandoned = new AbortController();
    void Promise.all(batch.map(({ done }) => done)).then(() => abandoned.abort());
    let waiting = batch;
    for (let failures = 1; ; failures++) {
      waiting = waiting.filter(({ settled }) => !settled);
      if (waiting.length === 0) return;
      const answer = await this.#http.send(waiting, abandoned.signal);
      if (this.#isOfTheContent(answer) && waiting.length > 1) return this.#deliverHalves(waiting);
      const last = settle(waiting, answer);
      if (!last) return;
      const wait = backoffMs(failures, last, this.#timing);
      const next = this.#timing.now() + wait;
      // Nobody is helped by waiting for an attempt that there is no time for.
      for (const booking of waiting) if (next >= booking.deadline) booking.giveUp();
      await this.#timing.sleep(wait, abandoned.signal);
    }
  }

  #isOfTheContent(answer: Answer): boolean {
    return 'none' in answer && OF_THE_CONTENT.includes(answer.none.status ?? 0);
  }

  async #deliverHalves(bookings: readonly PendingBooking[]): Promise<void> {
    const middle = bookings.length >> 1;
    // One after the other: together they would be more requests than the client may have in flight.
    await this.deliver(bookings.slice(0, middle));
    await this.deliver(bookings.slice(middle));
  }
}

/** @returns the failure that asks for the longest wait, when some of them want another attempt */
function settle(bookings: readonly PendingBooking[], answer: Answer): Failure | undefined {
  let last: Failure | undefined;
  for (const [n, booking] of bookings.entries()) {
    const outcome: Outcome | undefined = 'none' in answer ? answer.none : answer.each[n];
    if (outcome && booking.take(outcome) && !outcome.ok) {
      if (!last || (outcome.retryAfterMs ?? 0) > (last.retryAfterMs ?? 0)) last = outcome;
    }
  }
  return last;
}
