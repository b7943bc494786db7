import { allowsOrigin, commonEnv, ConfigError, drainDelayOf, hostOf, portEnv, readEnv } from './env';

const SECRET = 'q9Zr1TzLx0vB7mYw3KpD5sHj8NcF2gUa';
const good = {
  DATABASE_URL: 'postgres://kindline@127.0.0.1/kindline',
  REDIS_URL: 'redis://127.0.0.1:6379',
  JWT_SECRET: SECRET,
};
const schema = commonEnv.extend({ SESSION_API_PORT: portEnv(3000) });

function sentences(env: Record<string, string | undefined>): readonly string[] {
  try {
    readEnv(schema, env);
  } catch (error) {
    if (error instanceof ConfigError) return error.sentences;
    throw error;
  }
  return [];
}

const production = { NODE_ENV: 'production' } as const;

describe('readEnv', () => {
  it('fills in defaults', () => {
    expect(readEnv(schema, good)).toMatchObject({
      NODE_ENV: 'development',
      LOG_LEVEL: 'info',
      SESSION_API_PORT: 3000,
      BACKEND_SERVICE_TOKEN: [],
      CORS_ORIGINS: [],
      RATE_LIMIT_DISABLED: false,
      RATE_LIMIT_HTTP: { points: 600, perMs: 60_000 },
      HELPER_SEEN_WITHIN: 30 * 86_400_000,
    });
  });

  it('takes empty strings as absent', () => {
    expect(readEnv(schema, { ...good, SESSION_API_PORT: '', CORS_ORIGINS: '' })).toMatchObject({
      SESSION_API_PORT: 3000,
      CORS_ORIGINS: [],
    });
    expect(sentences({ ...good, REDIS_URL: '' })).toEqual([
      'REDIS_URL: is required (example: redis://127.0.0.1:6379)',
    ]);
  });

  it('says one sentence per bad variable: its name, what is wrong, an example', () => {
    expect(
      sentences({ ...good, SESSION_API_PORT: 'http', RATE_LIMIT_HTTP: 'many', DATABASE_URL: 'mysql://x' }),
    ).toEqual([
      expect.stringMatching(/^DATABASE_URL: must be a postgres:\/\/ URL \(example: .+\)$/),
      'RATE_LIMIT_HTTP: must be a rate such as 100/1m (example: 600/1m)',
      'SESSION_API_PORT: must be a port (example: 3000)',
    ]);
  });

  it('never says the value of a secret', () => {
    const said = [
      ...sentences({ ...good, JWT_SECRET: 'too-short-to-tell' }),
      ...sentences({ ...good, ...production, BACKEND_SERVICE_TOKEN: 'short-one' }),
    ];
    expect(said.map((sentence) => sentence.split(':')[0])).toEqual(['JWT_SECRET', 'BACKEND_SERVICE_TOKEN']);
    expect(said.join()).not.toMatch(/too-short-to-tell|short-one/);
  });

  it('takes short service tokens outside production', () => {
    const env = { ...good, BACKEND_SERVICE_TOKEN: `${SECRET}, short-one` };
    expect(readEnv(schema, env).BACKEND_SERVICE_TOKEN).toEqual([SECRET, 'short-one']);
    expect(sentences({ ...env, ...production })).toEqual([
      expect.stringMatching(/^BACKEND_SERVICE_TOKEN: each token must have at least 16 characters/),
    ]);
  });

  it.each([
    'changeme-changeme-changeme-changeme',
    'secret-secret-secret-secret-secret',
    'x'.repeat(40),
    'your-secret-key-your-secret-key-x',
  ])('refuses the placeholder secret %j in production only', (JWT_SECRET) => {
    expect(sentences({ ...good, JWT_SECRET })).toEqual([]);
    expect(sentences({ ...good, ...production, JWT_SECRET })).toEqual([
      expect.stringMatching(/^JWT_SECRET: is a placeholder/),
    ]);
  });

  it('refuses a placeholder as the previous secret in production only', () => {
    const env = { ...good, JWT_SECRET_PREVIOUS: 'changeme-changeme-changeme-changeme' };
    expect(sentences(env)).toEqual([]);
    expect(sentences({ ...env, ...production })).toEqual([
      expect.stringMatching(/^JWT_SECRET_PREVIOUS: is a placeholder/),
    ]);
  });

  it('refuses placeholder service tokens and switched-off rate limits in production', () => {
    const env = {
      ...good,
      BACKEND_SERVICE_TOKEN: `${SECRET},changeme-changeme`,
      RATE_LIMIT_DISABLED: 'true',
    };
    expect(sentences(env)).toEqual([]);
    expect(sentences({ ...env, ...production })).toEqual([
      expect.stringMatching(/^BACKEND_SERVICE_TOKEN: holds a placeholder/),
      expect.stringMatching(/^RATE_LIMIT_DISABLED: is for load tests only/),
    ]);
  });

  it('listens everywhere in production, on this machine otherwise', () => {
    expect(hostOf(readEnv(schema, good))).toBe('127.0.0.1');
    expect(hostOf(readEnv(schema, { ...good, ...production }))).toBe('0.0.0.0');
    expect(hostOf(readEnv(schema, { ...good, ...production, HOST: '10.0.0.1' }))).toBe('10.0.0.1');
  });

  it('waits for the load balancer in production, or as long as it is told to', () => {
    expect(drainDelayOf(readEnv(schema, good))).toBe(0);
    expect(drainDelayOf(readEnv(schema, { ...good, ...production }))).toBe(3_000);
    expect(drainDelayOf(readEnv(schema, { ...good, ...production, DRAIN_DELAY: '0s' }))).toBe(0);
    expect(sentences({ ...good, DRAIN_DELAY: '6s' })).toEqual([
      'DRAIN_DELAY: must be 5s or less (example: 3s)',
    ]);
  });

  it('allows pages on this machine in development, only the list in production', () => {
    const env = { CORS_ORIGINS: ['https://app.example.org'], NODE_ENV: 'development' } as const;
    const list = { ...env, CORS_ORIGINS: [...env.CORS_ORIGINS] };
    expect(allowsOrigin(list, 'https://app.example.org')).toBe(true);
    expect(allowsOrigin(list, 'https://evil.example.org')).toBe(false);
    expect(allowsOrigin(list, 'http://localhost:5173')).toBe(true);
    expect(allowsOrigin(list, 'http://localhost.evil.example.org')).toBe(false);
    expect(allowsOrigin({ ...list, ...production }, 'http://localhost:5173')).toBe(false);
  });
});
