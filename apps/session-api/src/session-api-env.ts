import { commonEnv, portEnv } from '@kindline/platform';
import { z } from 'zod';

/** Nest token: this service's settings. */
export const SESSION_API_ENV = Symbol('SESSION_API_ENV');

export const sessionApiEnv = commonEnv.extend({
  SESSION_API_PORT: portEnv(3000),
  PROGRAMS_FILE: z.string().optional(),
  /** Where clients find the gateway's namespace of anonymous sessions; default: on this machine. */
  CHAT_SERVICE_URL: z
    .url({ protocol: /^(https?|wss?)$/, error: 'must be an http(s):// or ws(s):// URL' })
    .optional()
    .meta({ example: 'https://chat.example.org/counseling' }),
  CHAT_GATEWAY_PORT: portEnv(5002),
});

export type SessionApiEnv = z.output<typeof sessionApiEnv>;

export function chatServiceUrl({ CHAT_SERVICE_URL, CHAT_GATEWAY_PORT }: SessionApiEnv): string {
  return CHAT_SERVICE_URL ?? `http://127.0.0.1:${CHAT_GATEWAY_PORT}/counseling`;
}
