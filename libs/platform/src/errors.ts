import { KindlineError } from '@kindline/contracts';

/** Postgres or Redis cannot be reached, or is starting or stopping. */
const AWAY = /^(08\w{3}|57P0[123]|53300|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND)$/;
const AWAY_MESSAGE =
  /Connection terminated|connection timeout|timeout exceeded when trying to connect|Query read timeout|Connection is closed|max retries per request|Stream isn't writeable|Command timed out|Driver not Connected|Client has encountered a connection error/i;
/** Redis answers, but cannot do it now: starting, full, a replica, or a cluster that rearranges itself. */
const REDIS_CANNOT = /^(LOADING|OOM|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|NOREPLICAS)\b/;
/** character_not_in_repertoire, untranslatable_character: text that Postgres cannot hold. */
const UNSTORABLE = new Set(['22021', '22P05']);

/** What an adapter answers for anything that was thrown. Nothing of an unexpected cause is shown. */
export function toKindlineError(cause: unknown): KindlineError {
  if (cause instanceof KindlineError) return cause;
  const { code, message } = (cause ?? {}) as { code?: unknown; message?: unknown };
  if (typeof code === 'string' && UNSTORABLE.has(code)) {
    return new KindlineError('validation_failed', 'The input holds characters that cannot be stored');
  }
  if (
    (typeof code === 'string' && AWAY.test(code)) ||
    (typeof message === 'string' && (AWAY_MESSAGE.test(message) || REDIS_CANNOT.test(message))) ||
    (cause instanceof AggregateError &&
      cause.errors.some((inner) => toKindlineError(inner).code === 'unavailable'))
  ) {
    return new KindlineError('unavailable', undefined, { retryAfterS: 1 });
  }
  return new KindlineError('internal');
}
