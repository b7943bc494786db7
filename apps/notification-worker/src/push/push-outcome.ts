import type { PushOutcome } from './push-sender';

interface SendError {
  code?: string;
  message?: string;
  cause?: { code?: string };
  httpResponse?: { status?: number; headers?: Record<string, unknown> };
}

/** The connection never stood, so nothing has left. */
const NOTHING_LEFT =
  /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|CERT|self-signed|unable to verify/;

/** Reads an error of the SDK. Anything that is not understood is `unknown`: it may have arrived. */
export function outcomeOf(error: unknown): PushOutcome {
  const { code = '', message = '', cause, httpResponse } = (error ?? {}) as SendError;
  const name = code.replace(/^(messaging|app)\//, '');
  const reason = name.replaceAll('-', '_') || 'unknown_error';
  switch (name) {
    case 'registration-token-not-registered':
      return { status: 'rejected', reason: 'unregistered', tokenDead: true };
    case 'invalid-registration-token':
      return { status: 'rejected', reason: 'invalid_token', tokenDead: true };
    // FCM says INVALID_ARGUMENT of a bad payload as well, so the token is not retired for it.
    case 'invalid-argument':
      return { status: 'rejected', reason, tokenDead: false };
    // The operator's credentials are wrong: no fault of the token, and mended by somebody some day.
    case 'authentication-error':
    case 'third-party-auth-error':
    case 'mismatched-credential':
    case 'invalid-credential':
      return { status: 'retry', reason: 'credentials', retryAfterMs: 60_000 };
  }
  const status = httpResponse?.status;
  if (status === 429 || status === 500 || status === 503) {
    const retryAfterMs = retryAfter(httpResponse?.headers);
    return { status: 'retry', reason, ...(retryAfterMs !== undefined && { retryAfterMs }) };
  }
  if (status !== undefined && status >= 400 && status < 500)
    return { status: 'rejected', reason, tokenDead: false };
  if (NOTHING_LEFT.test(`${cause?.code ?? ''} ${message}`)) return { status: 'retry', reason: 'unreachable' };
  return { status: 'unknown', reason: reason === 'network_error' ? 'connection_lost' : reason };
}

function retryAfter(headers: Record<string, unknown> | undefined): number | undefined {
  const value = headers?.['retry-after'];
  if (typeof value !== 'string') return undefined;
  const seconds = Number(value);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : new Date(value).getTime() - Date.now();
  return Number.isFinite(ms) && ms > 0 ? Math.min(ms, 3_600_000) : undefined;
}
