import { KindlineError } from '@kindline/contracts';
import { z } from 'zod';

/** Nest token: the origins that jobs may call. */
export const CALLBACK_ORIGINS = Symbol('CALLBACK_ORIGINS');

/** `JOB_CALLBACK_ORIGINS`: comma-separated, none by default. */
export const callbackOrigins = z
  .string()
  .default('')
  .transform((value) =>
    value
      .split(',')
      .map((item) => item.trim())
      .filter(Boolean),
  )
  .refine(
    (origins) => origins.every(isOrigin),
    'must be origins: http or https, host and port, without a path, a default port or capitals',
  )
  .meta({ example: 'https://backend.example.org,http://10.0.0.7:8080' });

/** Exactly as a URL's `origin` reads, because that is what it is compared with. */
function isOrigin(value: string): boolean {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  return url !== undefined && /^https?:$/.test(url.protocol) && url.origin === value && !/[*]/.test(value);
}

/** Scheme and authority as they were written: nothing that a parser would skip or another one read differently. */
const WRITTEN = /^(https?):\/\/([^/?#\\@\s]+)(?:[/?#]|$)/i;
const DEFAULT_PORT = { http: ':80', https: ':443' };

/**
 * Whether a job may call this URL: its origin is on the list, and host and port are written the way they are
 * meant. `http://127.1/`, `http://2130706433/`, `http://listed@other/` or `http:\\listed` never pass.
 * @returns what is wrong with it, else undefined
 */
export function refusedCallback(url: string, origins: readonly string[]): string | undefined {
  const [, scheme, written] = WRITTEN.exec(url) ?? [];
  if (scheme === undefined || written === undefined || !URL.canParse(url)) {
    return 'must be an http or https URL without a user name or password';
  }
  const { host, origin } = new URL(url);
  const authority = written.toLowerCase();
  const port = DEFAULT_PORT[scheme.toLowerCase() === 'http' ? 'http' : 'https'];
  if (!origins.includes(origin) || (authority !== host && authority !== `${host}${port}`)) {
    return 'its origin is not on the allow-list JOB_CALLBACK_ORIGINS';
  }
  return undefined;
}

/** @throws validation_failed */
export function requireAllowedCallback(url: string, origins: readonly string[]): void {
  const message = refusedCallback(url, origins);
  if (message === undefined) return;
  throw new KindlineError('validation_failed', `callback_url: ${message}`, {
    errors: [{ path: 'callback_url', message }],
  });
}
