import { outcomeOf } from './push-outcome';

const FCM_ERROR = 'type.googleapis.com/google.firebase.fcm.v1.FcmError';

function answer(
  status: number,
  errorCode?: string,
  message = 'Something',
  headers: Record<string, string> = {},
): unknown {
  const details = errorCode ? [{ '@type': FCM_ERROR, errorCode }] : [];
  const data = { error: { code: status, message, status: 'WHATEVER', details } };
  return { code: 'messaging/whatever', message, httpResponse: { status, headers, data } };
}

const credentials = { status: 'retry', reason: 'credentials', retryAfterMs: 60_000 };

it.each([
  [
    'an unregistered token is dead',
    answer(404, 'UNREGISTERED'),
    { status: 'rejected', reason: 'unregistered', tokenDead: true },
  ],
  ['a 404 that does not speak of the token spares it', answer(404), credentials],
  [
    'a token that FCM calls invalid is refused, and spared: only UNREGISTERED retires one',
    answer(400, 'INVALID_ARGUMENT', 'The registration token is not a valid FCM registration token'),
    { status: 'rejected', reason: 'invalid_argument', tokenDead: false },
  ],
  [
    "a payload's fault spares the token",
    answer(400, 'INVALID_ARGUMENT', "Invalid value at 'message.data[0].value'"),
    { status: 'rejected', reason: 'invalid_argument', tokenDead: false },
  ],
  [
    'a quota waits as long as FCM says',
    answer(429, 'QUOTA_EXCEEDED', '', { 'retry-after': '7' }),
    { status: 'retry', reason: 'quota_exceeded', retryAfterMs: 7_000 },
  ],
  [
    'a quota without Retry-After waits a minute',
    answer(429, 'QUOTA_EXCEEDED'),
    { status: 'retry', reason: 'quota_exceeded', retryAfterMs: 60_000 },
  ],
  [
    'an absurd Retry-After is cut to an hour',
    answer(503, 'UNAVAILABLE', '', { 'retry-after': '999999' }),
    { status: 'retry', reason: 'unavailable', retryAfterMs: 3_600_000 },
  ],
  ['unavailable is tried again', answer(503, 'UNAVAILABLE'), { status: 'retry', reason: 'unavailable' }],
  ['an internal error is tried again', answer(500, 'INTERNAL'), { status: 'retry', reason: 'internal' }],
  ["another sender's token waits for the operator", answer(403, 'SENDER_ID_MISMATCH'), credentials],
  ['a refused credential waits for the operator', answer(401), credentials],
  ['any other 4xx is final', answer(413), { status: 'rejected', reason: 'http_413', tokenDead: false }],
  ["a gateway's error leaves it open", answer(502), { status: 'unknown', reason: 'http_502' }],
])('%s', (_, error, outcome) => {
  expect(outcomeOf(error, true)).toEqual(outcome);
});

it('reads Retry-After as a date', () => {
  const date = new Date(Date.now() + 120_000).toUTCString();
  const { retryAfterMs } = outcomeOf(answer(503, 'UNAVAILABLE', '', { 'retry-after': date }), true) as {
    retryAfterMs: number;
  };
  expect(retryAfterMs).toBeGreaterThan(100_000);
  expect(retryAfterMs).toBeLessThanOrEqual(120_000);
});

it.each([
  ['a lost connection', { code: 'app/network-error' }, 'connection_lost', 'unreachable'],
  ["the SDK's own timeout", { code: 'app/network-timeout' }, 'deadline', 'unreachable'],
  ['what nobody has thought of', new TypeError('?'), 'unknown_error', 'unknown_error'],
])('%s is unknown once the request has left, and certainly not sent before', (_, error, after, before) => {
  expect(outcomeOf(error, true)).toEqual({ status: 'unknown', reason: after });
  expect(outcomeOf(error, false)).toEqual({ status: 'retry', reason: before });
});

it("tells a wrong credential from Google's token service being away", () => {
  expect(outcomeOf({ code: 'app/invalid-credential', cause: { code: 'EAI_AGAIN' } }, false)).toEqual({
    status: 'retry',
    reason: 'unreachable',
  });
  expect(outcomeOf({ code: 'app/invalid-credential', cause: { code: '400' } }, false)).toEqual(credentials);
});

it('never gives up a token for a missing project or a payload that the SDK refuses', () => {
  expect(outcomeOf({ code: 'messaging/invalid-argument' }, false)).toEqual(credentials);
  expect(outcomeOf({ code: 'messaging/invalid-payload' }, false)).toEqual({
    status: 'rejected',
    reason: 'invalid_payload',
    tokenDead: false,
  });
});
