import { ConfigError, readEnv } from '@kindline/platform';
import { TEST_JWT_SECRET } from '@kindline/testing';
import { get, type IncomingHttpHeaders } from 'node:http';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { consoleSite } from '../src/console/console-site';
import { sessionApiEnv } from '../src/session-api-env';
import { ApiWorld } from './api-world';
import { BuiltConsole, DEMO_PEOPLE } from './built-console';
import { expectProblem, expectRefusedField } from './refusals';

const SCRIPT = '/console/assets/main-a1_B2.js';
const OIDC = {
  JWT_ISSUER: 'https://id.example.org/realms/people',
  JWT_JWKS_URL: 'https://id.example.org/keys',
  CONSOLE_OIDC_CLIENT_ID: 'console',
};

interface Raw {
  status: number | undefined;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** As it comes over the wire: fetch would follow, decompress and tidy paths up. */
function ask(
  world: ApiWorld,
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
): Promise<Raw> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port: world.service.port, path, headers, method }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    }).on('error', reject);
  });
}

function directivesOf(headers: IncomingHttpHeaders): Record<string, string> {
  const policy = String(headers['content-security-policy'] ?? '');
  return Object.fromEntries(
    policy.split(';').map((one) => [one.split(' ')[0], one.split(' ').slice(1).join(' ')]),
  );
}

const built = new BuiltConsole();
afterAll(() => built.remove());

describe('the console with demo people', () => {
  let world: ApiWorld;
  beforeAll(async () => {
    world = await ApiWorld.start({ ...built.demoSettings, CHAT_GATEWAY_PORT: '5999' });
  });
  afterAll(() => world.stop());

  it('is led to by its name without a slash, with the query of whoever comes back from signing in', async () => {
    const plain = await ask(world, '/console');
    expect([plain.status, plain.headers.location]).toEqual([302, '/console/']);
    const back = await ask(world, '/console?code=a&state=b');
    expect(back.headers.location).toBe('/console/?code=a&state=b');
  });

  it('is a page that nobody keeps', async () => {
    for (const path of ['/console/', '/console/?code=a', '/console/index.html']) {
      const { status, headers, body } = await ask(world, path);
      expect([path, status, headers['cache-control']]).toEqual([path, 200, 'no-store']);
      expect(headers['content-type']).toBe('text/html; charset=utf-8');
      expect(body.toString()).toContain('<title>Notes</title>');
    }
  });

  it('lets files whose names change with their content be kept for a year, and no others', async () => {
    const { status, headers, body } = await ask(world, SCRIPT);
    expect([status, headers['cache-control']]).toEqual([200, 'public, max-age=31536000, immutable']);
    expect(headers['content-type']).toBe('text/javascript; charset=utf-8');
    expect(body.toString()).toBe(built.script);
    expect((await ask(world, '/console/robots.txt')).headers['cache-control']).toBe('no-cache');
  });

  it.each([
    ['br', 'br', brotliDecompressSync],
    ['gzip, deflate, br', 'br', brotliDecompressSync],
    ['gzip', 'gzip', gunzipSync],
    ['gzip, br;q=0', 'gzip', gunzipSync],
  ])('sends to who accepts "%s" what was compressed by %s', async (accepted, encoding, decompress) => {
    const { headers, body } = await ask(world, SCRIPT, { 'accept-encoding': accepted });
    expect(headers['content-encoding']).toBe(encoding);
    expect(headers['vary']).toContain('Accept-Encoding');
    expect(headers['content-type']).toBe('text/javascript; charset=utf-8');
    expect(body.length).toBeLessThan(built.script.length);
    expect(decompress(body).toString()).toBe(built.script);
  });

  it.each(['identity', 'zstd', 'br;q=0'])('sends it as it is to who accepts "%s"', async (accepted) => {
    const { headers, body } = await ask(world, SCRIPT, { 'accept-encoding': accepted });
    expect([headers['content-encoding'], body.toString()]).toEqual([undefined, built.script]);
  });

  it('sends what was not compressed as it is', async () => {
    const { headers, body } = await ask(world, '/console/assets/plain-c3.css', {
      'accept-encoding': 'br, gzip',
    });
    expect([headers['content-encoding'], body.toString()]).toEqual([undefined, 'body {}']);
    expect(headers['content-type']).toBe('text/css; charset=utf-8');
  });

  it('answers HEAD as GET without the body, and sends nothing twice', async () => {
    const compressed = { 'accept-encoding': 'br' };
    const whole = await ask(world, SCRIPT, compressed);
    const head = await ask(world, SCRIPT, compressed, 'HEAD');
    expect([head.status, head.headers['content-length'], head.body.length]).toEqual([
      200,
      String(whole.body.length),
      0,
    ]);
    const again = await ask(world, SCRIPT, { ...compressed, 'if-none-match': String(whole.headers.etag) });
    expect([again.status, again.body.length]).toEqual([304, 0]);
    const other = await ask(world, SCRIPT, { 'if-none-match': String(whole.headers.etag) });
    expect(other.status).toBe(200);
  });

  it.each([
    '/console/nothing',
    '/console/assets/gone-d4.js',
    '/console/assets/',
    '/console/assets',
    '/console/.sources',
    '/console/../outside.txt',
    '/console/%2e%2e/outside.txt',
    '/console/..%2foutside.txt',
    '/console/assets/../index.html',
    '/console//index.html',
    '/console/index.html%00',
    '/console/index%2ehtml',
  ])('answers %s with a problem that nobody keeps', async (path) => {
    const { status, headers, body } = await ask(world, path);
    expect([status, headers['content-type']]).toEqual([404, 'application/problem+json; charset=utf-8']);
    expect(JSON.parse(body.toString())).toMatchObject({ code: 'not_found' });
    expect(headers['cache-control']).toBe('no-store');
  });

  it('takes nothing but GET and HEAD', async () => {
    for (const method of ['POST', 'PUT', 'DELETE'])
      expectProblem(await world.call(method, '/console/index.html'), 'not_found');
  });

  it('lets its page load nothing from elsewhere, and talk to the gateway only', async () => {
    for (const path of ['/console/', SCRIPT, '/console/config.json', '/console/nothing']) {
      const { headers } = await ask(world, path);
      expect([path, directivesOf(headers)]).toEqual([
        path,
        {
          'default-src': "'none'",
          'script-src': "'self'",
          'style-src': "'self' 'unsafe-inline'",
          'img-src': "'self' data:",
          'font-src': "'self'",
          'media-src': "'self' blob:",
          'manifest-src': "'self'",
          'connect-src': "'self' http://127.0.0.1:5999 ws://127.0.0.1:5999",
          'frame-ancestors': "'none'",
          'base-uri': "'none'",
          'form-action': "'self'",
        },
      ]);
      expect(headers).toMatchObject({
        'referrer-policy': 'no-referrer',
        'permissions-policy': 'microphone=(self), camera=(), geolocation=()',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
      });
    }
  });

  it('leaves the policies of everything else as they are', async () => {
    for (const path of ['/docs', '/api/conversations', '/consoles']) {
      const { headers } = await ask(world, path);
      expect([path, directivesOf(headers)['default-src']]).toEqual([path, "'self'"]);
      expect(headers['permissions-policy']).toBeUndefined();
    }
  });

  it('says where the gateway is, that there are demo people, and where to leave to', async () => {
    const { status, headers, body } = await world.call('GET', '/console/config.json');
    expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(body).toEqual({
      gatewayUrl: 'http://127.0.0.1:5999',
      apiUrl: '',
      demo: true,
      oidc: null,
      leaveUrl: 'https://www.wikipedia.org/',
    });
  });

  it('shows the demo people, but not their e-mails', async () => {
    const { status, headers, body } = await world.call('GET', '/console/demo/people');
    expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(body).toEqual({
      people: DEMO_PEOPLE.map(({ sub, name, roles, about }) => ({ sub, name, roles, about })),
    });
  });

  it('lets one sign in as any of them, with their roles and for twelve hours', async () => {
    const { status, headers, body } = await world.call('POST', '/console/demo/sign-in', {
      body: { sub: 'demo-ben' },
    });
    expect([status, headers.get('cache-control')]).toEqual([201, 'no-store']);
    const hours = (Date.parse(String(body['expires_at'])) - Date.now()) / 3_600_000;
    expect(hours).toBeGreaterThan(11.9);
    expect(hours).toBeLessThanOrEqual(12);
    const token = String(body['token']);
    const me = await world.call('GET', '/api/volunteers/me', { token });
    const ben = { sub: 'demo-ben', email: 'ben@demo.test', name: 'Ben', available: true };
    expect(me.body).toMatchObject(ben);
    expectProblem(await world.call('GET', '/api/volunteers', { token }), 'forbidden');
  });

  it('lets nobody sign in as anybody else', async () => {
    const admin = await world.person('admin');
    for (const sub of [admin.sub, 'demo-', '__proto__', 'DEMO-BEN'])
      expectProblem(await world.call('POST', '/console/demo/sign-in', { body: { sub } }), 'not_found');
    const more = { sub: 'demo-ben', roles: ['admin'] };
    expectRefusedField(await world.call('POST', '/console/demo/sign-in', { body: more }), 'roles', more);
  });
});

describe('the console as operators set it', () => {
  let world: ApiWorld;
  beforeAll(async () => {
    world = await ApiWorld.start({
      ...built.settings,
      ...OIDC,
      CONSOLE_GATEWAY_URL: 'https://chat.example.org/',
      CONSOLE_OIDC_SCOPE: 'openid',
      CONSOLE_LEAVE_URL: 'https://weather.example.org/today',
    });
  });
  afterAll(() => world.stop());

  it('leads people to their identity provider, and lets the page talk to it', async () => {
    const { body } = await world.call('GET', '/console/config.json');
    expect(body).toEqual({
      gatewayUrl: 'https://chat.example.org',
      apiUrl: '',
      demo: false,
      oidc: { authority: OIDC.JWT_ISSUER, clientId: 'console', scope: 'openid' },
      leaveUrl: 'https://weather.example.org/today',
    });
    const { headers } = await ask(world, '/console/');
    expect(directivesOf(headers)['connect-src']).toBe(
      "'self' https://chat.example.org wss://chat.example.org https://id.example.org",
    );
  });

  it('has no demo people, and no route to them', async () => {
    expectProblem(await world.call('GET', '/console/demo/people'), 'not_found');
    const body = { sub: 'demo-ada' };
    expectProblem(await world.call('POST', '/console/demo/sign-in', { body }), 'not_found');
    const docs = await world.call('GET', '/docs-json');
    const console = Object.keys(docs.body['paths'] as object).filter((path) => path.startsWith('/console'));
    expect(console).toEqual(['/console/config.json']);
  });
});

describe('a session API without a console', () => {
  it('has none of its paths', async () => {
    const world = await ApiWorld.start({ CONSOLE_DIR: built.site, CONSOLE_DEMO_PEOPLE: built.people });
    try {
      for (const path of ['/console', '/console/', '/console/config.json', '/console/demo/people'])
        expectProblem(await world.call('GET', path), 'not_found');
    } finally {
      await world.stop();
    }
  });
});

describe('a session API refuses to start', () => {
  const others = {
    DATABASE_URL: 'postgres://kindline@127.0.0.1:1/kindline',
    REDIS_URL: 'redis://127.0.0.1:1',
    JWT_SECRET: TEST_JWT_SECRET,
  };
  /** What it says of its settings, before it connects to anything. */
  const refusal = (settings: Record<string, string>): readonly string[] => {
    try {
      consoleSite(readEnv(sessionApiEnv, { ...others, ...settings }));
      return ['it would start'];
    } catch (error) {
      if (error instanceof ConfigError) return error.sentences;
      throw error;
    }
  };
  const production = {
    ...built.settings,
    ...OIDC,
    NODE_ENV: 'production',
    CONSOLE_GATEWAY_URL: 'https://c.org',
  };

  it('with a console that was not built', () => {
    const sentences = refusal({ CONSOLE: 'true', CONSOLE_DIR: `${built.site}/assets` });
    expect(sentences).toEqual([
      `CONSOLE: there is no built console in ${built.site}/assets; build it (npm run build:console) or set CONSOLE=false`,
    ]);
  });

  it.each(['true', 'false'])('in production with demo people and CONSOLE=%s', (CONSOLE) => {
    const sentences = refusal({ ...production, CONSOLE, CONSOLE_DEMO_PEOPLE: built.people });
    expect(sentences).toEqual([
      'CONSOLE_DEMO_PEOPLE: lets anybody in as anybody, and is refused in production (example: .data/demo-people.json)',
    ]);
  });

  it.each([
    ['CONSOLE_GATEWAY_URL', 'CONSOLE: needs CONSOLE_GATEWAY_URL as well in production (example: true)'],
    [
      'CONSOLE_OIDC_CLIENT_ID',
      'CONSOLE: needs CONSOLE_OIDC_CLIENT_ID as well in production: nobody could sign in (example: true)',
    ],
    [
      'JWT_ISSUER',
      'CONSOLE_OIDC_CLIENT_ID: needs JWT_ISSUER and JWT_JWKS_URL as well (example: kindline-console)',
    ],
    [
      'JWT_JWKS_URL',
      'CONSOLE_OIDC_CLIENT_ID: needs JWT_ISSUER and JWT_JWKS_URL as well (example: kindline-console)',
    ],
  ])('in production without %s', (name, sentence) => {
    expect(refusal({ ...production, [name]: '' })).toEqual([sentence]);
  });

  it.each([
    ['CONSOLE', 'yes', 'Invalid option'],
    ['CONSOLE_GATEWAY_URL', 'chat.example.org', 'must be an http:// or https:// URL without a path'],
    ['CONSOLE_GATEWAY_URL', 'https://example.org/chat', 'must be an http:// or https:// URL without a path'],
    [
      'CONSOLE_GATEWAY_URL',
      "https://a.org; script-src 'unsafe-inline'",
      'must be an http:// or https:// URL',
    ],
    ['CONSOLE_LEAVE_URL', 'javascript:alert(1)', 'must be an http:// or https:// URL'],
    ['JWT_ISSUER', 'kindline', 'must be an http:// or https:// URL for the console to sign in there'],
  ])('with %s set to %s', (name, value, sentence) => {
    expect(refusal({ ...built.settings, ...OIDC, [name]: value })).toEqual([
      expect.stringContaining(`${name}: ${sentence}`),
    ]);
  });

  it.each([
    ['is not there', '/nowhere.json'],
    ['is no JSON', built.write('broken.json', '[')],
    ['misses something', built.write('short.json', '[{ "sub": "demo-ada" }]')],
    [
      'names a role that there is not',
      built.write('role.json', JSON.stringify(DEMO_PEOPLE).replace('user', 'king')),
    ],
  ])('with a file of demo people that %s', (_, CONSOLE_DEMO_PEOPLE) => {
    expect(refusal({ ...built.settings, CONSOLE_DEMO_PEOPLE })).toEqual([
      `CONSOLE_DEMO_PEOPLE: ${CONSOLE_DEMO_PEOPLE} is not a JSON list of { sub, email, name, roles, about }`,
    ]);
  });
});
