import { z } from 'zod';
import type { PushOutcome } from './push-sender';

interface HttpAnswer {
  status: number;
  headers?: Record<string, unknown>;
  data?: unknown;
}

/** What the SDK's errors hold, as far as we read it. */
interface SdkError {
  code?: string;
  cause?: { code?: unknown };
  httpResponse?: HttpAnswer;
}

const fcmAnswer = z.object({
  error: z.object({
    details: z.array(z.object({ errorCode: z.string().optional() })).catch([]),
  }),
});

/** FCM's own default for 429 without Retry-After. */
const QUOTA_WAIT_MS = 60_000;
/** Wrong credentials are the operator's to mend: no fault of the token, and not mended within seconds. */
const CREDENTIALS_WAIT_MS = 60_000;
const LONGEST_WAIT_MS = 3_600_000;
const NETWORK = /^(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)$/;

const credentials: PushOutcome = {
  status: 'retry',
  reason: 'credentials',
  retryAfterMs: CREDENTIALS_WAIT_MS,
};

/**
 * Reads an error of the SDK. What left and is not understood is `unknown`: it may have arrived.
 * @param left whether the request can have reached FCM at all
 */
export function outcomeOf(error: unknown, left: boolean): PushOutcome {
  const { code = '', cause, httpResponse } = (error ?? {}) as SdkError;
  if (httpResponse && httpResponse.status >= 400) return answered(httpResponse);
  switch (code) {
    // The SDK's own look at a message, before anything is sent.
    case 'messaging/invalid-payload':
      return { status: 'rejected', reason: 'invalid_payload', tokenDead: false };
    // The SDK says this, without an answer of FCM's, when nothing tells it for which project it sends.
    case 'messaging/invalid-argument':
      return credentials;
    case 'app/invalid-credential':
      return NETWORK.test(String(cause?.code)) ? { status: 'retry', reason: 'unreachable' } : credentials;
  }
  const network = code.startsWith('app/network-');
  if (!left) return { status: 'retry', reason: network ? 'unreachable' : snakeCase(code) };
  if (code === 'app/network-timeout') return { status: 'unknown', reason: 'deadline' };
  return { status: 'unknown', reason: network ? 'connection_lost' : snakeCase(code) };
}

/** FCM (or what stands before it) has answered with an error. The SDK's codes lump together what we tell apart. */
function answered({ status, headers, data }: HttpAnswer): PushOutcome {
  const parsed = fcmAnswer.safeParse(data);
  const details = parsed.success ? parsed.data.error.details : [];
  const errorCode = details.find((detail) => detail.errorCode)?.errorCode;
  const reason = errorCode?.toLowerCase() ?? `http_${status}`;
  if (status === 401 || status === 403) return credentials;
  if (status === 404) {
    // Without FCM's own word on the token, a 404 is about the project or the address.
    return errorCode === 'UNREGISTERED' ? { status: 'rejected', reason, tokenDead: true } : credentials;
  }
  if (status === 429 || status === 500 || status === 503) {
    const wait = retryAfter(headers) ?? (status === 429 ? QUOTA_WAIT_MS : undefined);
    return { status: 'retry', reason, ...(wait !== undefined && { retryAfterMs: wait }) };
  }
  if (status < 500) {
    // FCM says INVALID_ARGUMENT of a bad payload as well: only UNREGISTERED is a word on the token alone.
    return { status: 'rejected', reason, tokenDead: false };
  }
  // A gateway's error (502, 504): what stands behind it may have taken the push.
  return { status: 'unknown', reason };
}

function retryAfter(headers: Record<string, unknown> | undefined): number | undefined {
  const value = headers?.['retry-after'];
  if (typeof value !== 'string') return undefined;
  const seconds = Number(value);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(value) - Date.now();
  return ms > 0 ? Math.min(ms, LONGEST_WAIT_MS) : undefined;
}

/** `messaging/third-party-auth-error` → `third_party_auth_error`. */
const snakeCase = (code: string): string =>
  code.replace(/^\w+\//, '').replaceAll('-', '_') || 'unknown_error';
