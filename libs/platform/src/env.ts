import { z } from 'zod';
import { duration } from './duration';

/** A setting that makes no sense: the service says each sentence and exits with 1. */
export class ConfigError extends Error {
  constructor(readonly sentences: readonly string[]) {
    super(sentences.join('\n'));
    this.name = 'ConfigError';
  }
}

/**
 * Reads the environment once. Empty strings count as absent.
 * @throws ConfigError with one sentence per bad variable: its name, what is wrong, an example; never its value.
 */
export function readEnv<Schema extends z.ZodObject>(schema: Schema, env = process.env): z.output<Schema> {
  const given = Object.fromEntries(
    Object.entries(env).filter(([name, value]) => value !== '' && name in schema.shape),
  );
  const parsed = schema.safeParse(given);
  if (parsed.success) {
    const refused = given['NODE_ENV'] === 'production' ? refusedInProduction(given) : [];
    if (refused.length > 0) throw new ConfigError(refused);
    return parsed.data;
  }
  throw new ConfigError(
    parsed.error.issues.map((issue) => {
      const name = String(issue.path[0] ?? 'The environment');
      const example: unknown = (schema.shape[name] as z.ZodType | undefined)?.meta()?.['example'];
      const wrong = name in given ? issue.message : 'is required';
      return `${name}: ${wrong}${example === undefined ? '' : ` (example: ${String(example)})`}`;
    }),
  );
}

const PLACEHOLDER = /^(change.?me|secret|password|placeholder|example|your-|my-|insecure|default|(.)\2*$)/i;
const isPlaceholder = (secret: string): boolean => PLACEHOLDER.test(secret);
/** Of service tokens and of TURN's secret. */
const LEAST_CHARACTERS = 16;

/** What is convenient in development and dangerous in production. */
function refusedInProduction(given: Record<string, string | undefined>): string[] {
  const sentences: string[] = [];
  for (const name of ['JWT_SECRET', 'JWT_SECRET_PREVIOUS', 'TURN_SECRET']) {
    if (isPlaceholder(given[name] ?? '')) {
      sentences.push(`${name}: is a placeholder; production needs a real secret`);
    }
  }
  const tokens = list.parse(given['BACKEND_SERVICE_TOKEN']);
  if (tokens.some(isPlaceholder)) {
    sentences.push('BACKEND_SERVICE_TOKEN: holds a placeholder; production needs a real token');
  }
  if (tokens.some((token) => token.length < LEAST_CHARACTERS)) {
    sentences.push(
      `BACKEND_SERVICE_TOKEN: each token must have at least ${LEAST_CHARACTERS} characters in production`,
    );
  }
  const turnSecret = given['TURN_SECRET'] || undefined;
  if (turnSecret !== undefined && turnSecret.length < LEAST_CHARACTERS) {
    sentences.push(`TURN_SECRET: must have at least ${LEAST_CHARACTERS} characters in production`);
  }
  if (given['RATE_LIMIT_DISABLED'] === 'true') {
    sentences.push('RATE_LIMIT_DISABLED: is for load tests only and refused in production');
  }
  return sentences;
}

const secret = (bytes: number) =>
  z.string().refine((value) => Buffer.byteLength(value) >= bytes, `must have at least ${bytes} bytes`);

const list = z
  .string()
  .optional()
  .transform((value) =>
    (value ?? '')
      .split(',')
      .map((item) => item.trim())
      .filter(Boolean),
  );

export const portEnv = (fallback: number) =>
  z.coerce.number('must be a port').int().min(0).max(65_535).default(fallback).meta({ example: fallback });

export interface Rate {
  points: number;
  perMs: number;
}
/** A rate such as `100/1m`. */
export const rateEnv = (fallback: string) =>
  z
    .string()
    .regex(/^\d+\/\d+(ms|s|m|h)$/, 'must be a rate such as 100/1m')
    .default(fallback)
    .transform((text): Rate => {
      const [points, per] = text.split('/');
      return { points: Number(points), perMs: duration.parse(per) };
    })
    .meta({ example: fallback });

/** Of the 25 s that a service has to stop. */
const LONGEST_DRAIN_DELAY_MS = 5_000;

/** What every service reads. Each service extends it with its own. */
export const commonEnv = z.object({
  NODE_ENV: z
    .enum(['development', 'test', 'production'])
    .default('development')
    .meta({ example: 'production' }),
  /** Default: loopback in development, every address in production (see hostOf). */
  HOST: z.string().optional().meta({ example: '0.0.0.0' }),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
    .default('info')
    .meta({ example: 'info' }),
  DATABASE_URL: z
    .url({ protocol: /^postgres(ql)?$/, error: 'must be a postgres:// URL' })
    .meta({ example: 'postgres://kindline:password@127.0.0.1:5432/kindline' }),
  REDIS_URL: z
    .url({ protocol: /^rediss?$/, error: 'must be a redis:// URL' })
    .meta({ example: 'redis://127.0.0.1:6379' }),
  JWT_SECRET: secret(32).meta({ example: 'the output of: openssl rand -base64 48' }),
  /** Accepted as well while a new secret is brought in; never signed with. */
  JWT_SECRET_PREVIOUS: secret(32).optional().meta({ example: 'the secret before the last rotation' }),
  JWT_JWKS_URL: z.url().optional().meta({ example: 'https://id.example.org/.well-known/jwks.json' }),
  JWT_ISSUER: z.string().optional().meta({ example: 'https://id.example.org' }),
  JWT_AUDIENCE: z.string().optional().meta({ example: 'kindline' }),
  BACKEND_SERVICE_TOKEN: list.meta({ example: 'the output of: openssl rand -hex 32' }),
  CORS_ORIGINS: list.meta({ example: 'https://app.example.org,https://admin.example.org' }),
  RATE_LIMIT_DISABLED: z
    .enum(['true', 'false'])
    .default('false')
    .transform((value) => value === 'true')
    .meta({ example: 'false' }),
  RATE_LIMIT_HTTP: rateEnv('600/1m'),
  RATE_LIMIT_HTTP_ADDRESS: rateEnv('6000/1m'),
  /** Whose X-Forwarded-For counts, as Express reads it: `loopback`, or the load balancer's subnets. */
  TRUST_PROXY: z.string().default('loopback').meta({ example: '10.0.0.0/8' }),
  RATE_LIMIT_AUTH_FAILURES: rateEnv('600/1m'),
  /** How long a service that is told to stop goes on, so that the load balancer notices; see drainDelayOf. */
  DRAIN_DELAY: duration
    .refine((ms) => ms <= LONGEST_DRAIN_DELAY_MS, 'must be 5s or less')
    .optional()
    .meta({ example: '3s' }),
  HELPER_SEEN_WITHIN: duration.default(30 * 86_400_000).meta({ example: '30d' }),
});

export type CommonEnv = z.output<typeof commonEnv>;

/** The address a service listens on. */
export function hostOf({ HOST, NODE_ENV }: Pick<CommonEnv, 'HOST' | 'NODE_ENV'>): string {
  return HOST ?? (NODE_ENV === 'production' ? '0.0.0.0' : '127.0.0.1');
}

/** Long enough for two failed health checks a second apart; where nobody balances nobody waits. */
export function drainDelayOf({ DRAIN_DELAY, NODE_ENV }: Pick<CommonEnv, 'DRAIN_DELAY' | 'NODE_ENV'>): number {
  return DRAIN_DELAY ?? (NODE_ENV === 'production' ? 3_000 : 0);
}

/** The allow-list decides; in development pages on this machine may call as well. */
export function allowsOrigin(env: Pick<CommonEnv, 'CORS_ORIGINS' | 'NODE_ENV'>, origin: string): boolean {
  if (env.CORS_ORIGINS.includes(origin)) return true;
  return env.NODE_ENV !== 'production' && /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(origin);
}
