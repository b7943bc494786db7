import type { ConsoleConfig } from '@kindline/contracts';
import { z } from 'zod';

const isHttp = (text: string): boolean => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
const isOrigin = (text: string): boolean => isHttp(text) && new URL(text).origin === text.replace(/\/$/, '');

/** Settings of the console, which the session API serves where it has no server of its own. */
export const consoleSettings = {
  CONSOLE: z
    .enum(['true', 'false'])
    .default('false')
    .transform((value) => value === 'true')
    .meta({ example: 'true' }),
  /** Where the built console is, from the working folder. */
  CONSOLE_DIR: z.string().default('dist/console').meta({ example: 'dist/console' }),
  /** Where browsers find the gateway; a path would be taken for a namespace. */
  CONSOLE_GATEWAY_URL: z
    .string()
    .refine(isOrigin, 'must be an http:// or https:// URL without a path')
    .transform((text) => new URL(text).origin)
    .optional()
    .meta({ example: 'https://chat.example.org' }),
  /** With JWT_ISSUER as the authority. */
  CONSOLE_OIDC_CLIENT_ID: z.string().optional().meta({ example: 'kindline-console' }),
  CONSOLE_OIDC_SCOPE: z.string().default('openid profile email').meta({ example: 'openid profile email' }),
  CONSOLE_LEAVE_URL: z
    .string()
    .refine(isHttp, 'must be an http:// or https:// URL')
    .default('https://www.wikipedia.org/')
    .meta({ example: 'https://www.wikipedia.org/' }),
  /** A file of people whom anybody may sign in as; never in production. */
  CONSOLE_DEMO_PEOPLE: z.string().optional().meta({ example: '.data/demo-people.json' }),
};

export interface ConsoleEnv extends z.output<z.ZodObject<typeof consoleSettings>> {
  NODE_ENV: string;
  JWT_ISSUER?: string | undefined;
  JWT_JWKS_URL?: string | undefined;
  CHAT_GATEWAY_PORT: number;
}

/** What is wrong between them: the setting's name and a sentence each. */
export function consoleMistakes(env: ConsoleEnv): [name: keyof ConsoleEnv, sentence: string][] {
  const { CONSOLE, CONSOLE_OIDC_CLIENT_ID, CONSOLE_GATEWAY_URL, JWT_ISSUER, JWT_JWKS_URL } = env;
  const production = env.NODE_ENV === 'production';
  const mistakes: [keyof ConsoleEnv, string][] = [];
  if (production && env.CONSOLE_DEMO_PEOPLE !== undefined)
    mistakes.push(['CONSOLE_DEMO_PEOPLE', 'lets anybody in as anybody, and is refused in production']);
  if (!CONSOLE) return mistakes;
  if (production && CONSOLE_GATEWAY_URL === undefined)
    mistakes.push(['CONSOLE', 'needs CONSOLE_GATEWAY_URL as well in production']);
  if (production && CONSOLE_OIDC_CLIENT_ID === undefined)
    mistakes.push(['CONSOLE', 'needs CONSOLE_OIDC_CLIENT_ID as well in production: nobody could sign in']);
  if (CONSOLE_OIDC_CLIENT_ID === undefined) return mistakes;
  if (JWT_ISSUER === undefined || JWT_JWKS_URL === undefined)
    mistakes.push(['CONSOLE_OIDC_CLIENT_ID', 'needs JWT_ISSUER and JWT_JWKS_URL as well']);
  else if (!isHttp(JWT_ISSUER))
    mistakes.push(['JWT_ISSUER', 'must be an http:// or https:// URL for the console to sign in there']);
  return mistakes;
}

export function consoleConfigOf(env: ConsoleEnv, demo: boolean): ConsoleConfig {
  const { CONSOLE_OIDC_CLIENT_ID: clientId, CONSOLE_OIDC_SCOPE: scope, JWT_ISSUER: authority } = env;
  return {
    gatewayUrl: env.CONSOLE_GATEWAY_URL ?? `http://127.0.0.1:${env.CHAT_GATEWAY_PORT}`,
    apiUrl: '',
    demo,
    oidc: clientId === undefined || authority === undefined ? null : { authority, clientId, scope },
    leaveUrl: env.CONSOLE_LEAVE_URL,
  };
}
