import { commonEnv, duration, portEnv, rateEnv } from '@kindline/platform';
import { z } from 'zod';

/** Nest tokens: this service's settings, and the id of this replica. */
export const GATEWAY_ENV = Symbol('GATEWAY_ENV');
export const GATEWAY_ID = Symbol('GATEWAY_ID');

const TRANSPORTS = ['websocket', 'polling'] as const;

/** Addresses of STUN or TURN servers, comma-separated, as RFC 7064 and RFC 7065 write them. */
const serverUrls = (form: RegExp, example: string) =>
  z
    .string()
    .optional()
    .transform((value) =>
      (value ?? '')
        .split(',')
        .map((url) => url.trim())
        .filter(Boolean),
    )
    .refine(
      (urls) => urls.every((url) => form.test(url)),
      `must be addresses such as ${example}, comma-separated`,
    )
    .meta({ example });

const settings = commonEnv.extend({
  CHAT_GATEWAY_PORT: portEnv(5002),
  PROGRAMS_FILE: z.string().optional(),
  /**
   * Socket.IO transports. Long polling needs sticky sessions behind a load balancer, so production is
   * websocket only unless it is asked for.
   */
  SOCKET_TRANSPORTS: z
    .string()
    .optional()
    .transform((value) => value?.split(',').map((name) => name.trim()))
    .pipe(z.array(z.enum(TRANSPORTS)).min(1).optional())
    .meta({ example: 'websocket,polling' }),
  /** Messages per person and gateway. */
  RATE_LIMIT_MESSAGES: rateEnv('1200/1m'),
  /** Signs of typing per person and gateway: one a second is plenty. */
  RATE_LIMIT_TYPING: rateEnv('120/1m'),
  /** What makes other people's phones ring, per person and gateway: requests to everyone online, calls. */
  RATE_LIMIT_REQUESTS: rateEnv('120/1m'),
  /** Other events per person and gateway. */
  RATE_LIMIT_EVENTS: rateEnv('1200/1m'),
  /** Bookings per service token and gateway. */
  RATE_LIMIT_BOOKINGS: rateEnv('60000/1m'),
  STUN_URLS: serverUrls(/^stuns?:[^\s?]+$/, 'stun:stun.example.org:3478'),
  TURN_URLS: serverUrls(
    /^turns?:[^\s?]+(\?transport=(udp|tcp))?$/,
    'turn:turn.example.org:3478?transport=udp',
  ),
  /** What the TURN servers check credentials with: coturn's `static-auth-secret`. */
  TURN_SECRET: z.string().optional().meta({ example: 'the output of: openssl rand -base64 48' }),
  /** How long a TURN credential works: longer than any call, because its refreshes are checked, too. */
  TURN_TTL: duration.default(12 * 3_600_000).meta({ example: '12h' }),
});

export const gatewayEnv = settings.superRefine(({ TURN_URLS, TURN_SECRET }, context) => {
  const needs = (path: string, other: string): void =>
    context.addIssue({ code: 'custom', path: [path], message: `needs ${other} as well` });
  if (TURN_URLS.length > 0 && TURN_SECRET === undefined) needs('TURN_URLS', 'TURN_SECRET');
  if (TURN_URLS.length === 0 && TURN_SECRET !== undefined) needs('TURN_SECRET', 'TURN_URLS');
});

export type GatewayEnv = z.output<typeof gatewayEnv>;

export function transportsOf(env: GatewayEnv): (typeof TRANSPORTS)[number][] {
  return env.SOCKET_TRANSPORTS ?? (env.NODE_ENV === 'production' ? ['websocket'] : [...TRANSPORTS]);
}
