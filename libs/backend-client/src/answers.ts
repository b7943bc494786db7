import type { FieldError } from './kindline-backend-error';
import type { Accepted, Answer, Failure, Outcome } from './outcome';

type Fields = Record<string, unknown>;
const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null;
const text = (value: unknown): string | undefined => (typeof value === 'string' && value ? value : undefined);

/** Failures of one booking that another attempt can mend; of the first we know that nothing was stored. */
const PASSING = ['rate_limited', 'unavailable', 'internal'];

/** Worth another attempt: a server in trouble, a proxy that cannot reach it, or one that was too busy. */
const mayPass = (status: number): boolean => status >= 500 || status === 429 || status === 408;

function parse(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
}

function fieldErrors(value: unknown): FieldError[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.filter(isFields).map(({ path, message }) => ({
    path: text(path) ?? '',
    message: text(message) ?? '',
  }));
}

/** `undefined` when it is none. */
export function readAccepted(value: unknown): Accepted | undefined {
  if (!isFields(value)) return undefined;
  const { notification_id, status } = value;
  if (typeof notification_id !== 'string' || (status !== 'delivered' && status !== 'stored'))
    return undefined;
  return { ok: true, notificationId: notification_id, status };
}

/** What became of one booking of a batch, or of one that went over the socket: both say `error` in the same way. */
export function readRefusal(value: unknown): Failure | undefined {
  const error = isFields(value) ? value['error'] : undefined;
  const code = isFields(error) ? text(error['code']) : undefined;
  if (!isFields(error) || !code) return undefined;
  const errors = fieldErrors(error['errors']);
  const retry = PASSING.includes(code);
  return {
    ok: false,
    code,
    message: text(error['message']) ?? code,
    ...(errors && { errors }),
    retry,
    unclear: retry && code !== 'rate_limited',
  };
}

/** Something that Kindline does not say. A proxy may have said it, so trying again is right. */
export function oddAnswer(message: string, status?: number): Failure {
  return {
    ok: false,
    code: 'bad_answer',
    message,
    ...(status && { status }),
    retry: true,
    unclear: true,
  };
}

function readOutcomes(body: string, count: number, status: number): Answer {
  const value = parse(body);
  const odd = { none: oddAnswer('the answer is not one of Kindline', status) };
  if (count === 1) {
    const accepted = readAccepted(value);
    return accepted ? { each: [accepted] } : odd;
  }
  const results = isFields(value) ? value['results'] : undefined;
  if (!Array.isArray(results) || results.length !== count) return odd;
  const each = results.map<Outcome>(
    (one) => readAccepted(one) ?? readRefusal(one) ?? oddAnswer('the answer misses this booking', status),
  );
  return { each };
}

/** Seconds or a date. */
function retryAfterMs(header: string | null, now: number): number | undefined {
  if (!header) return undefined;
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1_000 : Date.parse(header) - now;
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}

function readProblem(status: number, header: string | null, body: string, now: number): Failure {
  const value = parse(body);
  const problem = isFields(value) ? value : {};
  const errors = fieldErrors(problem['errors']);
  const wait = retryAfterMs(header, now);
  const known = status === 429 ? 'rate_limited' : status >= 500 ? 'unavailable' : 'refused';
  return {
    ok: false,
    code: text(problem['code']) ?? known,
    message: text(problem['detail']) ?? text(problem['title']) ?? `the server answered ${status}`,
    status,
    ...(errors && { errors }),
    retry: mayPass(status),
    ...(wait !== undefined && { retryAfterMs: wait }),
    unclear: status >= 500 || status === 408,
  };
}

/** What the server said of the `count` bookings of a request. */
export function readAnswer(
  response: { status: number; retryAfter: string | null; body: string },
  count: number,
  now: number,
): Answer {
  const { status, retryAfter, body } = response;
  if (status >= 200 && status < 300) return readOutcomes(body, count, status);
  if (status < 400) {
    const message =
      'the server sends on to another address; requests are not sent on with the token, correct `url`';
    return { none: { ok: false, code: 'redirected', message, status, retry: false, unclear: false } };
  }
  return { none: readProblem(status, retryAfter, body, now) };
}
