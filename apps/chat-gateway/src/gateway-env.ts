import { commonEnv, portEnv, rateEnv } from '@kindline/platform';
import { z } from 'zod';

/** Nest tokens: this service's settings, and the id of this replica. */
export const GATEWAY_ENV = Symbol('GATEWAY_ENV');
export const GATEWAY_ID = Symbol('GATEWAY_ID');

const TRANSPORTS = ['websocket', 'polling'] as const;

export const gatewayEnv = commonEnv.extend({
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
  /** Other events per person and gateway. */
  RATE_LIMIT_EVENTS: rateEnv('1200/1m'),
  /** Bookings per service token and gateway. */
  RATE_LIMIT_BOOKINGS: rateEnv('60000/1m'),
});

export type GatewayEnv = z.output<typeof gatewayEnv>;

export function transportsOf(env: GatewayEnv): (typeof TRANSPORTS)[number][] {
  return env.SOCKET_TRANSPORTS ?? (env.NODE_ENV === 'production' ? ['websocket'] : [...TRANSPORTS]);
}
