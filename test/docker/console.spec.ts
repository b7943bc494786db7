import { readEnv } from '@kindline/platform';
import express from 'express';
import helmet from 'helmet';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { consoleConfigOf, type ConsoleEnv } from '../../apps/session-api/src/console/console-env';
import { consoleHeaders } from '../../apps/session-api/src/console/serve-console';
import { sessionApiEnv } from '../../apps/session-api/src/session-api-env';
import { readDockerFile } from './compose-file';
import { configure } from './console-image';

const folder = mkdtempSync(join(tmpdir(), 'kindline-console-image-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const NEEDED = {
  CONSOLE_GATEWAY_URL: 'https://chat.example.org',
  JWT_ISSUER: 'https://id.example.org/realms/people',
  CONSOLE_OIDC_CLIENT_ID: 'kindline-console',
};
const ALL = {
  ...NEEDED,
  CONSOLE_GATEWAY_URL: 'http://chat.example.org:8080/',
  JWT_ISSUER: 'https://id.example.org:8443/',
  CONSOLE_OIDC_SCOPE: 'openid offline_access',
  CONSOLE_LEAVE_URL: 'https://weather.example.org/today?in=here&a=1',
};

/** The session API's settings from the same environment, in production. */
const sessionApi = (settings: Record<string, string>): ConsoleEnv =>
  readEnv(sessionApiEnv, {
    DATABASE_URL: 'postgres://kindline@127.0.0.1/kindline',
    REDIS_URL: 'redis://127.0.0.1:6379',
    JWT_SECRET: 'q9Zr1TzLx0vB7mYw3KpD5sHj8NcF2gUa',
    JWT_JWKS_URL: 'https://id.example.org/keys',
    NODE_ENV: 'production',
    CONSOLE: 'true',
    ...settings,
  });

/** Headers of the session API's answers under /console. */
async function headersOf(env: ConsoleEnv): Promise<Headers> {
  const app = express().disable('x-powered-by').disable('etag');
  app.use(helmet(), ...consoleHeaders(consoleConfigOf(env, false)), (_, response) => response.end());
  const server = app.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const { headers } = await fetch(`http://127.0.0.1:${port}/`).finally(() => server.close());
  return headers;
}

/** Of the connection, and those that no browser heeds any more. */
const NOT_SENT =
  /^(connection|keep-alive|date|content-length|transfer-encoding|x-(dns|download|permitted|xss)-.*)$/;

describe("the console's container", () => {
  it.each([
    ['what it needs', NEEDED],
    ['everything', ALL],
  ])('answers as the session API would when it is given %s', async (_, settings) => {
    expect(configure(settings, folder)).toMatchObject({ status: 0, stderr: '' });
    const env = sessionApi(settings);
    expect(JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'))).toEqual(
      consoleConfigOf(env, false),
    );
    const lines = readFileSync(join(folder, 'headers.conf'), 'utf8').matchAll(
      /^add_header (\S+) "?(.*?)"? always;$/gm,
    );
    const own = [...lines].map(([, name = '', value]) => [name.toLowerCase(), value]);
    const theirs = [...(await headersOf(env))].filter(([name]) => !NOT_SENT.test(name));
    expect(theirs.length).toBeGreaterThan(7);
    expect(Object.fromEntries(own)).toEqual(Object.fromEntries(theirs));
  });

  it.each(Object.keys(NEEDED))('does not start without %s', (name) => {
    const { status, stderr } = configure({ ...NEEDED, [name]: '' }, folder);
    expect([status, stderr]).toEqual([
      1,
      expect.stringMatching(`^${name}: is required \\(example: .+\\)\n$`),
    ]);
  });

  it.each([
    ['CONSOLE_GATEWAY_URL', 'https://chat.example.org/socket'],
    ['CONSOLE_GATEWAY_URL', 'https://a.org; frame-ancestors *'],
    ['CONSOLE_GATEWAY_URL', 'chat.example.org'],
    ['JWT_ISSUER', 'id.example.org'],
    ['JWT_ISSUER', 'https://'],
    ['JWT_ISSUER', 'https://id.example.org/","demo":true,"'],
    ['CONSOLE_OIDC_CLIENT_ID', 'a"b'],
    ['CONSOLE_OIDC_CLIENT_ID', 'a\nb'],
    ['CONSOLE_OIDC_SCOPE', 'open\\id'],
    ['CONSOLE_LEAVE_URL', 'javascript:alert(1)'],
    ['CONSOLE_LEAVE_URL', '$uri'],
  ])('does not start with %s set to %s', (name, value) => {
    const { status, stderr } = configure({ ...NEEDED, [name]: value }, folder);
    expect([status, stderr]).toEqual([1, expect.stringMatching(`^${name}: .+\n$`)]);
  });
});

describe("the console's nginx.conf", () => {
  const locations = [
    ...readDockerFile('console/nginx.conf').matchAll(/^    location (.+) \{\n([^]*?)^    \}$/gm),
  ].map(([, name = '', body = '']) => ({ name, body }));

  it('sends the headers with everything: nginx forgets them where a location adds its own', () => {
    expect(locations.length).toBeGreaterThan(8);
    const bare = locations.filter(({ body }) => !body.includes('include /tmp/console/headers.conf;'));
    // These send nothing of the console, or somewhere else.
    expect(bare.map(({ name }) => name)).toEqual([
      '= /console/',
      '~ /\\.|/$',
      '= /health/live',
      '= /health/ready',
      '/',
    ]);
  });

  it('lets only hashed files be kept', () => {
    const kept = locations.filter(({ body }) => body.includes('immutable')).map(({ name }) => name);
    expect(kept.length).toBeGreaterThan(0);
    expect(kept.filter((name) => !name.startsWith('~ ^/console/assets/'))).toEqual([]);
  });
});

describe("the console's Dockerfile", () => {
  const text = readDockerFile('console/Dockerfile');

  it('pins what it is built from, and builds with what the services are built with', () => {
    const bases = [...text.matchAll(/^ARG \w+_IMAGE=(.+)$/gm)].map(([, base]) => base);
    expect(bases).toEqual([
      expect.stringMatching(/^node:\d+\.\d+\.\d+-bookworm-slim$/),
      expect.stringMatching(/^nginxinc\/nginx-unprivileged:\d+\.\d+\.\d+-alpine-slim$/),
    ]);
    expect(readDockerFile('Dockerfile')).toContain(`NODE_IMAGE=${bases[0]}`);
  });

  it('runs as a user without rights, and says what it holds', () => {
    expect(text).toMatch(/^USER 65532:65532$/m);
    for (const label of ['title', 'version', 'revision', 'created', 'licenses'])
      expect(text).toContain(`org.opencontainers.image.${label}=`);
  });
});
