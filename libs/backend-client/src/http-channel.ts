import { readAnswer } from './answers';
import type { Settings } from './options';
import type { Answer, Failure } from './outcome';
import type { PendingBooking } from './pending-booking';
import type { Timing } from './timing';

/** Connections that were never made: nothing was sent over them. */
const NOT_CONNECTED = [
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
];

/** By its shape: an error may come from another realm, or from a fetch that throws something else. */
const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;

function networkFailure(error: unknown): Failure {
  // fetch itself only says "fetch failed".
  const cause = field(error, 'cause') ?? error;
  const code = field(cause, 'code');
  return {
    ok: false,
    code: 'network',
    message: `Kindline could not be reached: ${String(code ?? field(cause, 'message') ?? cause)}`,
    cause,
    retry: true,
    unclear: !NOT_CONNECTED.includes(String(code)),
  };
}

/** Sends requests, each once. */
export class HttpChannel {
  readonly #settings: Settings;
  readonly #timing: Timing;

  constructor(settings: Settings, timing: Timing) {
    this.#settings = settings;
    this.#timing = timing;
  }

  /** One request with these bookings. It is cut off when it takes too long or `abandoned` is aborted. */
  async send(bookings: readonly PendingBooking[], abandoned: AbortSignal): Promise<Answer> {
    const { requestTimeoutMs, endpoint, fetch } = this.#settings;
    const cut = new AbortController();
    const end = () => cut.abort();
    let late = false;
    const cancel = this.#timing.after(requestTimeoutMs, () => {
      late = true;
      end();
    });
    abandoned.addEventListener('abort', end);
    try {
      for (const booking of bookings) booking.sent();
      const response = await fetch(endpoint, { ...this.#request(bookings), signal: cut.signal });
      const body = this.#withoutToken(await response.text());
      const answer = { status: response.status, retryAfter: response.headers.get('retry-after'), body };
      return readAnswer(answer, bookings.length, this.#timing.now());
    } catch (error) {
      if (!late) return { none: networkFailure(error) };
      const message = `no answer within ${requestTimeoutMs} ms`;
      return { none: { ok: false, code: 'timeout', message, retry: true, unclear: true } };
    } finally {
      cancel();
      abandoned.removeEventListener('abort', end);
    }
  }

  #request(bookings: readonly PendingBooking[]): RequestInit {
    const [first] = bookings;
    const single = bookings.length === 1 && first ? first : undefined;
    return {
      method: 'POST',
      // Followed, a redirect would carry the token to wherever it points.
      redirect: 'manual',
      headers: {
        authorization: `Bearer ${this.#settings.token}`,
        'content-type': 'application/json',
        accept: 'application/json, application/problem+json',
        // A batch has none: of what is tried again, only those are sent that still wait, and what makes each of
        // them itself is its event_id. The same stands in this header for whatever is in between and reads it.
        ...(single && /^[\x21-\x7e]+$/.test(single.eventId) && { 'idempotency-key': single.eventId }),
      },
      body: single?.json ?? `[${bookings.map(({ json }) => json).join(',')}]`,
    };
  }

  /** Errors are logged by whoever gets them, and a proxy's error page may show the request. */
  #withoutToken(text: string): string {
    return text.replaceAll(JSON.stringify(this.#settings.token).slice(1, -1), '[token]');
  }
}
