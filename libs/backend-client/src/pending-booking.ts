import { randomUUID } from 'node:crypto';
import { onAbort } from './aborts';
import type { Booking, PublishedBooking } from './booking';
import { KindlineBackendError } from './kindline-backend-error';
import type { Failure, Outcome } from './outcome';
import type { Timing } from './timing';

/** Kindline takes no longer request. */
const LONGEST_BYTES = 2 * 1024 * 1024;

export interface Patience {
  timing: Timing;
  timeoutMs: number;
  signal: AbortSignal | undefined;
}

/** The booking's event_id, or a new one. */
export function eventIdOf(booking: Booking): string {
  const own: unknown = typeof booking === 'object' && booking !== null ? booking.event_id : undefined;
  return own === undefined ? randomUUID() : String(own);
}

/** The booking as it stands now, whatever the caller does to it later. */
function written(booking: Booking, eventId: string): string {
  if (typeof booking !== 'object' || booking === null || Array.isArray(booking))
    throw new KindlineBackendError('validation_failed', 'the booking must be an object', { eventId });
  try {
    // An event_id of a wrong type is left as it is: the server says what is wrong with it.
    return JSON.stringify({
      ...booking,
      event_id: booking.event_id === undefined ? eventId : booking.event_id,
    });
  } catch (cause) {
    const message = `the booking cannot be written as JSON: ${cause instanceof Error ? cause.message : 'it throws'}`;
    throw new KindlineBackendError('validation_failed', message, { eventId, cause });
  }
}

/** A booking until its caller knows what became of it: by an answer, by the deadline or by the caller's signal. */
export class PendingBooking {
  readonly json: string;
  readonly bytes: number;
  readonly deadline: number;
  readonly outcome: Promise<PublishedBooking>;
  /** Resolves when the outcome is known, whatever it is. */
  readonly done: Promise<void>;
  #settled = false;
  #unclear = false;
  #onItsWay = false;
  #attempts = 0;
  #last: Failure | undefined;
  #resolve: (published: PublishedBooking) => void = () => undefined;
  #reject: (error: KindlineBackendError) => void = () => undefined;

  /** @throws KindlineBackendError for what cannot be sent at all */
  constructor(
    booking: Booking,
    readonly eventId: string,
    readonly patience: Patience,
  ) {
    this.json = written(booking, eventId);
    this.bytes = Buffer.byteLength(this.json);
    if (this.bytes > LONGEST_BYTES)
      throw new KindlineBackendError('too_large', `the booking is longer than ${LONGEST_BYTES} bytes`, {
        eventId,
      });
    const { timing, timeoutMs, signal } = patience;
    this.deadline = timing.now() + timeoutMs;
    this.outcome = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    const cancel = timing.after(timeoutMs, () => this.giveUp());
    const abort = () => this.#fail('aborted', 'the caller gave up', { cause: signal?.reason });
    const forget = signal && onAbort(signal, abort);
    const end = () => {
      cancel();
      forget?.();
    };
    this.done = this.outcome.then(end, end);
    if (signal?.aborted) abort();
  }

  get settled(): boolean {
    return this.#settled;
  }

  /** It is on its way: until an answer says otherwise, it may be stored. */
  sent(): void {
    this.#attempts++;
    this.#onItsWay = true;
  }

  /** @returns whether it wants another attempt */
  take(outcome: Outcome): boolean {
    this.#onItsWay = false;
    if (this.#settled) return false;
    if (outcome.ok) {
      this.#settled = true;
      const { notificationId, status } = outcome;
      this.#resolve({ notificationId, status, eventId: this.eventId });
      return false;
    }
    this.#unclear ||= outcome.unclear;
    this.#last = outcome;
    if (!outcome.retry) this.#fail(outcome.code, outcome.message, outcome);
    return outcome.retry;
  }

  /** There is no time for another attempt. */
  giveUp(): void {
    const tried = `gave up after ${this.patience.timeoutMs} ms and ${this.#attempts} attempt(s)`;
    const last = this.#last;
    if (!last) return this.#fail('timeout', `${tried}: no answer`, {});
    this.#fail(last.code, `${tried}: ${last.message}`, last);
  }

  #fail(code: string, message: string, { status, errors, cause }: Partial<Failure>): void {
    if (this.#settled) return;
    this.#settled = true;
    const maybeStored = this.#unclear || this.#onItsWay;
    const { eventId } = this;
    this.#reject(new KindlineBackendError(code, message, { status, errors, cause, eventId, maybeStored }));
  }
}
