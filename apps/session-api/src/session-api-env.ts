import { commonEnv, portEnv } from '@kindline/platform';
import { z } from 'zod';
import { consoleMistakes, consoleSettings } from './console/console-env';

/** Nest token: this service's settings. */
export const SESSION_API_ENV = Symbol('SESSION_API_ENV');

const settings = commonEnv.extend({
  SESSION_API_PORT: portEnv(3000),
  PROGRAMS_FILE: z.string().optional(),
  /** Base URL of the OpenAI-compatible API that writes summaries of counselling chats; without it they are local. */
  SUMMARY_API_URL: z
    .string()
    .refine(isPlainHttpUrl, 'must be an http:// or https:// URL without a name, password or fragment in it')
    .optional()
    .meta({ example: 'https://api.example.org/v1' }),
  /** It is sent as a header, which takes no other characters. */
  SUMMARY_API_KEY: z
    .string()
    .regex(/^[\x21-\x7e]+$/, 'must be visible ASCII characters without spaces')
    .optional()
    .meta({ example: 'the key that the API gave you' }),
  SUMMARY_MODEL: z.string().optional().meta({ example: 'gpt-5-mini' }),
  /** Where clients find the gateway's namespace of anonymous sessions; default: on this machine. */
  CHAT_SERVICE_URL: z
    .url({ protocol: /^(https?|wss?)$/, error: 'must be an http(s):// or ws(s):// URL' })
    .optional()
    .meta({ example: 'https://chat.example.org/counseling' }),
  CHAT_GATEWAY_PORT: portEnv(5002),
  ...consoleSettings,
});

export const sessionApiEnv = settings.superRefine((env, context) => {
  const { SUMMARY_API_URL, SUMMARY_API_KEY, SUMMARY_MODEL } = env;
  const wrong = (path: string, message: string): void =>
    context.addIssue({ code: 'custom', path: [path], message });
  const needs = (path: string, other: string): void => wrong(path, `needs ${other} as well`);
  for (const [name, sentence] of consoleMistakes(env)) wrong(name, sentence);
  if (SUMMARY_API_URL !== undefined && SUMMARY_MODEL === undefined) needs('SUMMARY_API_URL', 'SUMMARY_MODEL');
  if (SUMMARY_API_URL !== undefined) return;
  if (SUMMARY_MODEL !== undefined) needs('SUMMARY_MODEL', 'SUMMARY_API_URL');
  if (SUMMARY_API_KEY !== undefined) needs('SUMMARY_API_KEY', 'SUMMARY_API_URL');
});

export type SessionApiEnv = z.output<typeof sessionApiEnv>;

export function chatServiceUrl({ CHAT_SERVICE_URL, CHAT_GATEWAY_PORT }: SessionApiEnv): string {
  return CHAT_SERVICE_URL ?? `http://127.0.0.1:${CHAT_GATEWAY_PORT}/counseling`;
}

function isPlainHttpUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, hash } = new URL(text);
  return /^https?:$/.test(protocol) && !username && !password && !hash;
}
