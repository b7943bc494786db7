import { z } from 'zod';
import type { PushOutcome } from './push-sender';

/** What the SDK's errors hold, as far as we read it. */
interface SdkError {
  code?: string;
  cause?: { code?: unknown; status?: unknown };
  httpResponse?: { status?: number; headers?: Record<string, unknown>; data?: unknown };
}

const fcmAnswer = z.object({
  error: z.object({
    message: z.string().catch(''),
    details: z.array(z.looseObject({ errorCode: z.string().optional() })).catch([]),
  }),
});

/** FCM's own default for 429 without Retry-After. */
const QUOTA_WAIT_MS = 60_000;
/** A wrong credential is the operator's to mend: no fault of the token, and not mended within seconds. */
const CREDENTIALS_WAIT_MS = 60_000;
const LONGEST_WAIT_MS = 3_600_000;
const NETWORK = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

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
  if (httpResponse?.status !== undefined && httpResponse.status >= 400) {
    return answered(httpResponse.status, httpResponse.headers, httpResponse.data, code);
  }
  switch (code) {
    // The SDK's own look at a message, before anything is sent.
    case 'messaging/invalid-payload':
      return { status: 'rejected', reason: 'invalid_payload', tokenDead: false };
    // Nothing tells the SDK which project it is to send for.
    case 'messaging/invalid-argument':
      return credentials;
    case 'app/invalid-credential':
      return NETWORK.has(String(cause?.code)) ? { status: 'retry', reason: 'unreachable' } : credentials;
  }
  if (!left)
    return { status: 'retry', reason: code.startsWith('app/network') ? 'unreachable' : snakeCase(code) };
  if (code === 'app/network-timeout') return { status: 'unknown', reason: 'deadline' };
  return { status: 'unknown', reason: code === 'app/network-error' ? 'connection_lost' : snakeCase(code) };
}

function answered(
  status: number,
  headers: SdkError['httpResponse'] extends infer R
    ? (R extends { headers?: infer H } ? H : never) | undefined
    : never,
  data: unknown,
  code: string,
): PushOutcome {
  return { status: 'unknown', reason: code };
}
