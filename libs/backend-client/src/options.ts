/** How to reach Kindline. */
export interface BackendClientOptions {
  /** The session API, e.g. `https://api.example.org`; a path is kept. */
  url: string;
  /** The service token, one of the server's `BACKEND_SERVICE_TOKEN`. */
  token: string;
  /** The chat gateway, e.g. `https://chat.example.org`; only `connect()` needs it. */
  gatewayUrl?: string | undefined;
  /** How long a booking may take with all its retries; 60,000 unless given. */
  timeoutMs?: number | undefined;
  /** How long one attempt may take; 10,000 unless given. */
  requestTimeoutMs?: number | undefined;
  /** Most requests in flight at once; 4 unless given. */
  maxRequests?: number | undefined;
  /** Instead of the global `fetch`, e.g. one that goes through a proxy. */
  fetch?: typeof globalThis.fetch | undefined;
}

export interface Settings {
  endpoint: string;
  token: string;
  gatewayUrl: string | undefined;
  timeoutMs: number;
  requestTimeoutMs: number;
  maxRequests: number;
  fetch: typeof globalThis.fetch;
}

/** No message quotes a value: an address may hold a password, and a token in the wrong place is still a token. */
function readUrl(name: string, value: unknown): URL {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined;
  if (!url || !['http:', 'https:'].includes(url.protocol))
    throw new TypeError(`${name} must be an address such as https://api.example.org`);
  if (url.username || url.password || url.search || url.hash)
    throw new TypeError(`${name} must have no user, password, query or fragment`);
  return url;
}

function readGatewayUrl(value: string): string {
  const url = readUrl('gatewayUrl', value);
  // Socket.IO would take a path for a namespace.
  if (url.pathname !== '/') throw new TypeError('gatewayUrl must have no path');
  return url.origin;
}

function readToken(value: unknown): string {
  if (typeof value !== 'string' || !/^[\x21-\x7e]+$/.test(value))
    throw new TypeError('token must be the service token: visible ASCII characters without spaces');
  return value;
}

function readCount(name: string, value: unknown, most: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > most)
    throw new TypeError(`${name} must be an integer from 1 to ${most}`);
  return value;
}

// Longer timers overflow in Node, and run at once.
const LONGEST_MS = 2 ** 31 - 1;

/** @throws TypeError that names the option which is wrong */
export function readOptions(options: BackendClientOptions): Settings {
  const url = readUrl('url', options.url);
  return {
    endpoint: `${url.origin}${url.pathname.replace(/\/+$/, '')}/api/bookings/notifications`,
    token: readToken(options.token),
    gatewayUrl: options.gatewayUrl === undefined ? undefined : readGatewayUrl(options.gatewayUrl),
    timeoutMs: readCount('timeoutMs', options.timeoutMs ?? 60_000, LONGEST_MS),
    requestTimeoutMs: readCount('requestTimeoutMs', options.requestTimeoutMs ?? 10_000, LONGEST_MS),
    maxRequests: readCount('maxRequests', options.maxRequests ?? 4, 1_000),
    // Looked up at each call, so that what replaces the global one later (tracing, tests) is used.
    fetch: options.fetch ?? ((...request) => globalThis.fetch(...request)),
  };
}
