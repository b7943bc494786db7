import { Controller, Get, Global, Module } from '@nestjs/common';
import { KindlineError, type Role } from '@kindline/contracts';
import {
  commonEnv,
  createRedis,
  Endpoint,
  PlatformModule,
  readEnv,
  type RunningService,
  startService,
} from '@kindline/platform';
import type { Redis } from 'ioredis';
import { pino } from 'pino';
import { z } from 'zod';
import {
  AUDIT_LOG,
  type AuditEntry,
  AuthModule,
  type Claims,
  CurrentPerson,
  CurrentPrincipal,
  PEOPLE_DIRECTORY,
  type PeopleDirectory,
  type Person,
  type Principal,
  TokenVerifier,
} from '../src';

const SERVICE = 'service-token-of-a-backend';
const silent = { info: () => undefined, warn: () => undefined };
const person = (sub: string, roles: Role[]): Person => ({
  id: `id-${sub}`,
  sub,
  email: null,
  name: null,
  roles,
});

/** People as the tests need them: everybody is welcome, two are known already. */
class Directory implements PeopleDirectory {
  private readonly known = [person('ann', ['user']), person('vera', ['volunteer'])];

  async ensure({ sub, email, roles }: Claims): Promise<Person> {
    if (email === 'taken@example.org') throw new KindlineError('email_taken');
    return person(sub, roles);
  }

  async findBySub(sub: string): Promise<Person | undefined> {
    return this.known.find((one) => one.sub === sub);
  }

  async findByEmail(): Promise<undefined> {
    return undefined;
  }
}

const answer = z.object({});

@Controller()
class Routes {
  @Get('undeclared')
  undeclared(): object {
    return {};
  }

  @Get('open')
  @Endpoint({ summary: 'Open', access: 'public', response: answer })
  open(): object {
    return {};
  }

  @Get('people')
  @Endpoint({ summary: 'Seekers', access: { roles: ['user'], service: true }, response: answer })
  people(@CurrentPrincipal() principal: Principal): object {
    return { kind: principal.kind, sub: principal.person?.sub ?? null };
  }

  @Get('mine')
  @Endpoint({ summary: 'Mine', access: { roles: ['user'], service: true }, response: answer })
  mine(@CurrentPerson() own: Person): object {
    return { sub: own.sub };
  }

  @Get('backend')
  @Endpoint({ summary: 'Backend', access: { serviceOnly: true }, response: answer })
  backend(): object {
    return {};
  }
}

describe('the guard in front of every route', () => {
  let service: RunningService;
  let redis: Redis;
  let base: string;
  let tokens: TokenVerifier;
  let audited: AuditEntry[];

  const start = async (limits: Record<string, string> = {}): Promise<void> => {
    const env = readEnv(commonEnv, {
      DATABASE_URL: 'postgres://127.0.0.1/none',
      // Nothing listens there: limits are then counted in memory.
      REDIS_URL: 'redis://127.0.0.1:1',
      JWT_SECRET: 'q9Zr1TzLx0vB7mYw3KpD5sHj8NcF2gUa',
      BACKEND_SERVICE_TOKEN: SERVICE,
      ...limits,
    });
    redis = createRedis(env.REDIS_URL, 'test', silent, { retryStrategy: () => null });
    const providers = [
      { provide: PEOPLE_DIRECTORY, useValue: new Directory() },
      { provide: AUDIT_LOG, useValue: { record: async (entry: AuditEntry) => void audited.push(entry) } },
    ];
    @Global()
    @Module({ providers, exports: providers })
    class People {}
    @Module({ imports: [PlatformModule.forRoot(env, redis), People, AuthModule], controllers: [Routes] })
    class App {}
    const log = pino({ level: 'silent' });
    service = await startService({
      name: 'test',
      module: { module: App },
      env,
      log,
      port: 0,
      portVariable: 'PORT',
    });
    base = `http://127.0.0.1:${service.port}`;
    tokens = service.app.get(TokenVerifier);
  };

  beforeEach(() => {
    audited = [];
  });
  afterEach(async () => {
    await service.stop();
    redis.disconnect();
  });

  const call = async (path: string, token?: string, headers: Record<string, string> = {}) => {
    const response = await fetch(`${base}/${path}`, {
      headers: { ...(token !== undefined && { authorization: `Bearer ${token}` }), ...headers },
    });
    return { status: response.status, headers: response.headers, body: (await response.json()) as object };
  };
  const of = async (sub: string, roles: Role[], email?: string): Promise<string> =>
    (await tokens.mint({ sub, roles, email })).token;

  it('refuses a route that declares no rule, to everybody', async () => {
    await start();
    for (const token of [undefined, SERVICE, await of('root', ['admin'])]) {
      expect(await call('undeclared', token)).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    }
  });

  it('asks for a token where the rule is not public', async () => {
    await start();
    expect((await call('open')).status).toBe(200);
    for (const token of [undefined, '', 'nonsense']) {
      const refused = await call('people', token);
      expect(refused).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
      expect(refused.headers.get('www-authenticate')).toMatch(/^Bearer/);
    }
  });

  it('lets in whom the rule names and nobody else', async () => {
    await start();
    expect(await call('people', await of('ann', ['user']))).toMatchObject({
      status: 200,
      body: { kind: 'person', sub: 'ann' },
    });
    expect(await call('people', await of('vera', ['volunteer']))).toMatchObject({ status: 403 });
    expect(await call('people', await of('nobody', []))).toMatchObject({ status: 403 });
    expect(await call('backend', await of('root', ['admin']))).toMatchObject({ status: 403 });
    expect((await call('backend', SERVICE)).status).toBe(200);
  });

  it('shows that an e-mail belongs to another account', async () => {
    await start();
    const refused = await call('people', await of('eve', ['user'], 'taken@example.org'));
    expect(refused).toMatchObject({ status: 403, body: { code: 'email_taken' } });
  });

  it('lets a backend act for a person, who needs the role, and writes it down', async () => {
    await start();
    expect(await call('mine', SERVICE, { 'on-behalf-of': 'ann' })).toMatchObject({
      status: 200,
      body: { sub: 'ann' },
    });
    expect(audited).toEqual([
      { actor: expect.stringMatching(/^service:[0-9a-f]{12}$/), action: 'GET /mine', personId: 'id-ann' },
    ]);
    expect(await call('mine', SERVICE, { 'on-behalf-of': 'vera' })).toMatchObject({ status: 403 });
    expect(await call('mine', SERVICE, { 'on-behalf-of': 'ghost' })).toMatchObject({ status: 404 });
    expect(audited).toHaveLength(1);
  });

  it('asks a backend for whom it acts where the route is about a person', async () => {
    await start();
    expect(await call('people', SERVICE)).toMatchObject({
      status: 200,
      body: { kind: 'service', sub: null },
    });
    expect(await call('mine', SERVICE)).toMatchObject({ status: 403 });
  });

  it("does not let a person's token act for another", async () => {
    await start();
    const own = await of('ann', ['user']);
    expect(await call('mine', own, { 'on-behalf-of': 'vera' })).toMatchObject({ body: { sub: 'ann' } });
  });

  it('limits each person', async () => {
    await start({ RATE_LIMIT_HTTP: '2/1m' });
    const ann = await of('ann', ['user']);
    expect([(await call('people', ann)).status, (await call('people', ann)).status]).toEqual([200, 200]);
    const refused = await call('people', ann);
    expect(refused).toMatchObject({ status: 429, body: { code: 'rate_limited' } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await call('people', await of('ben', ['user']))).status).toBe(200);
    expect((await fetch(`${base}/health/live`)).status).toBe(200);
  });

  it('limits each address', async () => {
    await start({ RATE_LIMIT_HTTP_ADDRESS: '2/1m' });
    const statuses = [];
    for (const sub of ['a', 'b', 'c']) statuses.push((await call('people', await of(sub, ['user']))).status);
    expect(statuses).toEqual([200, 200, 429]);
  });

  it('limits failed authentications of an address, but not those that show no token', async () => {
    await start({ RATE_LIMIT_AUTH_FAILURES: '2/1m' });
    const statuses = [];
    for (let i = 0; i < 3; i++) statuses.push((await call('people')).status);
    for (let i = 0; i < 3; i++) statuses.push((await call('people', 'guess')).status);
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429]);
  });

  it('limits nobody when that is switched off', async () => {
    await start({ RATE_LIMIT_HTTP: '1/1m', RATE_LIMIT_DISABLED: 'true' });
    const ann = await of('ann', ['user']);
    const statuses = [];
    for (let i = 0; i < 3; i++) statuses.push((await call('people', ann)).status);
    expect(statuses).toEqual([200, 200, 200]);
  });
});
