import {
  Controller,
  Get,
  Module,
  NotFoundException,
  Post,
  ServiceUnavailableException,
} from '@nestjs/common';
import { KindlineError } from '@kindline/contracts';
import { Agent, type IncomingMessage, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { Writable } from 'node:stream';
import { eventually } from '@kindline/testing';
import { pino } from 'pino';
import { z } from 'zod';
import {
  BODY_LIMIT_BYTES,
  commonEnv,
  ConfigError,
  createRedis,
  Endpoint,
  HealthChecks,
  Input,
  PathInput,
  PlatformModule,
  QueryInput,
  readEnv,
  type RunningService,
  setupOpenApi,
  Shutdown,
  startService,
} from '../src';

const env = readEnv(commonEnv, {
  DATABASE_URL: 'postgres://127.0.0.1/none',
  REDIS_URL: 'redis://127.0.0.1:1',
  JWT_SECRET: 'q9Zr1TzLx0vB7mYw3KpD5sHj8NcF2gUa',
  CORS_ORIGINS: 'https://app.example.org',
});
const silent = { info: () => undefined, warn: () => undefined };
const echo = z.strictObject({ text: z.string() });
const failures: Record<string, () => never> = {
  known: () => {
    throw new KindlineError('request_already_pending', undefined, { extra: { session_id: 's1' } });
  },
  slow: () => {
    throw new KindlineError('rate_limited', 'wait', { retryAfterS: 7 });
  },
  bug: () => {
    throw new Error('a private cause');
  },
  database: () => {
    throw Object.assign(new Error('connect ECONNREFUSED 10.0.0.7:5432'), { code: 'ECONNREFUSED' });
  },
  stopping: () => {
    throw Object.assign(new Error('terminating connection'), { code: '57P01' });
  },
  pool: () => {
    throw new Error('Connection terminated unexpectedly');
  },
  unstorable: () => {
    throw Object.assign(new Error('invalid byte sequence'), { code: '22021' });
  },
  upstream: () => {
    throw Object.assign(new Error('an upstream said no'), { status: 404 });
  },
  nest404: () => {
    throw new NotFoundException();
  },
  nest503: () => {
    throw new ServiceUnavailableException();
  },
};

const slow = { asked: Promise.withResolvers<void>(), answer: Promise.withResolvers<void>() };

@Controller()
class TestController {
  @Post('echo/:id')
  @Endpoint({
    summary: 'Echo',
    access: 'public',
    params: z.object({ id: z.string() }),
    query: z.strictObject({ times: z.coerce.number().optional() }),
    body: echo,
    response: echo,
    status: 201,
    errors: ['already_accepted'],
  })
  echo(@PathInput() path: unknown, @QueryInput() query: unknown, @Input() body: unknown): unknown {
    return { path, query, body };
  }

  @Get('slow')
  @Endpoint({ summary: 'Answer late', access: 'public' })
  async slow(): Promise<void> {
    slow.asked.resolve();
    await slow.answer.promise;
  }

  @Get('fail/:how')
  @Endpoint({ summary: 'Fail', access: { roles: ['admin'] }, params: z.object({ how: z.string() }) })
  fail(@PathInput() { how }: { how: string }): void {
    failures[how]?.();
  }
}

describe('a service', () => {
  let service: RunningService;
  let base: string;
  let lines: string[];

  const start = async (port = 0): Promise<RunningService> => {
    const sink = new Writable({
      write: (chunk, _encoding, done) => {
        lines.push(String(chunk));
        done();
      },
    });
    const redis = createRedis(env.REDIS_URL, 'test', silent, { retryStrategy: () => null });
    @Module({ imports: [PlatformModule.forRoot(env, redis)], controllers: [TestController] })
    class TestModule {}
    return startService({
      name: 'test',
      module: { module: TestModule },
      env,
      log: pino({ level: 'debug' }, sink),
      port,
      portVariable: 'TEST_PORT',
      configure: (app) => setupOpenApi(app, { title: 'Test', version: '1' }),
    });
  };

  beforeEach(async () => {
    lines = [];
    service = await start();
    base = `http://127.0.0.1:${service.port}`;
  });
  afterEach(() => service.stop());

  const post = (body: string, headers: Record<string, string> = { 'content-type': 'application/json' }) =>
    fetch(`${base}/echo/x`, { method: 'POST', body, headers });
  const problemOf = async (response: Response): Promise<Record<string, unknown>> => {
    expect(response.headers.get('content-type')).toContain('application/problem+json');
    const body = (await response.json()) as Record<string, unknown>;
    expect(body).toMatchObject({
      type: expect.any(String),
      title: expect.any(String),
      status: response.status,
      detail: expect.any(String),
    });
    return body;
  };
  const fail = (how: string): Promise<Response> => fetch(`${base}/fail/${how}`);

  it('parses path, query and body by their schemas', async () => {
    const response = await fetch(`${base}/echo/x?times=2`, {
      method: 'POST',
      body: '{"text":"hello"}',
      headers: { 'content-type': 'application/json' },
    });
    expect(response.status).toBe(201);
    expect(await response.json()).toEqual({
      path: { id: 'x' },
      query: { times: 2 },
      body: { text: 'hello' },
    });
  });

  it('answers inputs that do not fit with the fields that are wrong', async () => {
    const response = await post('{"text":1,"more":2}');
    expect(response.status).toBe(400);
    expect(await problemOf(response)).toMatchObject({
      code: 'validation_failed',
      errors: [{ path: 'text' }, { path: 'input', message: 'unknown fields: "more"' }],
    });
  });

  it.each([
    ['malformed JSON', '{"text":', 400, 'validation_failed'],
    ['a body over the limit', JSON.stringify({ text: 'x'.repeat(BODY_LIMIT_BYTES) }), 413, 'too_large'],
  ])('answers %s as a problem', async (_what, body, status, code) => {
    const response = await post(body);
    expect(response.status).toBe(status);
    expect(await problemOf(response)).toMatchObject({ code });
  });

  it('answers unknown routes as a problem', async () => {
    const response = await fetch(`${base}/nowhere`);
    expect(await problemOf(response)).toMatchObject({ status: 404, code: 'not_found' });
  });

  it('shows the code, the status and the extra members of a domain error', async () => {
    const response = await fail('known');
    expect(await problemOf(response)).toMatchObject({
      status: 409,
      code: 'request_already_pending',
      session_id: 's1',
    });
  });

  it.each([
    ['an answer', () => post('{"text":"hello"}'), 201],
    ['a domain error', () => fail('known'), 409],
    ['a failure', () => fail('bug'), 500],
    ['an unknown route', () => fetch(`${base}/nowhere`), 404],
  ])('lets nobody keep %s', async (_what, ask, status) => {
    const response = await ask();
    expect([response.status, response.headers.get('cache-control')]).toEqual([status, 'no-store']);
  });

  it('tells how long to wait', async () => {
    const response = await fail('slow');
    expect(response.status).toBe(429);
    expect(response.headers.get('retry-after')).toBe('7');
  });

  it('shows nothing of an unexpected error and logs its stack', async () => {
    const response = await fail('bug');
    expect(JSON.stringify(await problemOf(response))).not.toContain('private');
    expect(response.status).toBe(500);
    expect(lines.find((line) => line.includes('request failed'))).toContain('Error: a private cause');
    const id = response.headers.get('x-request-id');
    expect(lines.find((line) => line.includes('request failed'))).toContain(`"requestId":"${id}"`);
  });

  it.each(['database', 'stopping', 'pool'])('answers 503 with Retry-After while %s is away', async (how) => {
    const response = await fail(how);
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('1');
    const body = await problemOf(response);
    expect(body).toMatchObject({ code: 'unavailable' });
    expect(JSON.stringify(body)).not.toContain('10.0.0.7');
  });

  it('does not take the status of an upstream error for its own', async () => {
    expect(await problemOf(await fail('upstream'))).toMatchObject({ status: 500, code: 'internal' });
  });

  it('keeps the status of exceptions of Nest', async () => {
    expect(await problemOf(await fail('nest404'))).toMatchObject({ status: 404, code: 'not_found' });
    expect(await problemOf(await fail('nest503'))).toMatchObject({ status: 503, code: 'unavailable' });
  });

  it('answers a path that cannot be decoded as invalid input', async () => {
    expect(await problemOf(await fetch(`${base}/fail/%E0%A4%A`))).toMatchObject({
      status: 400,
      code: 'validation_failed',
    });
  });

  it('refuses bodies of another media type, and takes a missing one as empty', async () => {
    const refused = await post('text=hello', { 'content-type': 'application/x-www-form-urlencoded' });
    expect(await problemOf(refused)).toMatchObject({ status: 415, code: 'unsupported_media_type' });
    const empty = await fetch(`${base}/echo/x`, { method: 'POST' });
    expect(await problemOf(empty)).toMatchObject({ status: 400, errors: [{ path: 'text' }] });
  });

  it('lets an allowed page read why its body was refused', async () => {
    const refused = await post('{', {
      'content-type': 'application/json',
      origin: 'https://app.example.org',
    });
    expect(refused.headers.get('access-control-allow-origin')).toBe('https://app.example.org');
  });

  it('times requests by the pattern of their route', async () => {
    await fail('known');
    const metrics = await (await fetch(`${base}/metrics`)).text();
    expect(metrics).toContain(
      'http_request_duration_seconds_count{method="GET",route="/fail/:how",status="409"} 1',
    );
    expect(metrics).toContain('process_cpu_seconds_total');
  });

  it('answers text that Postgres cannot hold as invalid input', async () => {
    expect(await problemOf(await fail('unstorable'))).toMatchObject({
      status: 400,
      code: 'validation_failed',
    });
  });

  it('takes over a sane request id and makes one otherwise', async () => {
    const given = await fetch(`${base}/health/live`, { headers: { 'x-request-id': 'abc-1' } });
    expect(given.headers.get('x-request-id')).toBe('abc-1');
    const bad = await fetch(`${base}/health/live`, { headers: { 'x-request-id': 'a b\tc' } });
    expect(bad.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('logs requests without their headers, query and body, and health not at all', async () => {
    await fetch(`${base}/echo/x?times=22222`, {
      method: 'POST',
      body: '{"text":"private-words"}',
      headers: {
        'content-type': 'application/json',
        authorization: 'Bearer private-token',
        cookie: 'c=private',
      },
    });
    await fetch(`${base}/health/live`);
    await fetch(`${base}/metrics`);
    const requests = lines.filter((line) => line.includes('request completed'));
    expect(requests).toHaveLength(1);
    expect(requests[0]).toContain('"path":"/echo/x"');
    expect(requests[0]).not.toMatch(/private|22222/);
  });

  it('allows pages of the allow-list and no others', async () => {
    const from = (origin: string) => fetch(`${base}/health/live`, { headers: { origin } });
    const allowed = await from('https://app.example.org');
    expect(allowed.headers.get('access-control-allow-origin')).toBe('https://app.example.org');
    expect((await from('https://evil.example.org')).headers.get('access-control-allow-origin')).toBeNull();
    expect(allowed.headers.get('x-powered-by')).toBeNull();
    expect(allowed.headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('is ready as long as every check passes, and not once it drains', async () => {
    const ready = async () => {
      const response = await fetch(`${base}/health/ready`);
      return { status: response.status, body: await response.json() };
    };
    let fails = false;
    service.app.get(HealthChecks).register('thing', () => {
      if (fails) throw new Error('broken');
    });
    expect((await ready()).body).toMatchObject({ details: { thing: { status: 'up' } } });
    fails = true;
    expect(await ready()).toMatchObject({ status: 503, body: { error: { thing: { status: 'down' } } } });
    let duringDrain: unknown;
    service.app.get(Shutdown).onDrain('look', async () => {
      duringDrain = await ready();
    });
    fails = false;
    await service.app.get(Shutdown).drain();
    expect(duringDrain).toMatchObject({ status: 503, body: { status: 'shutting_down' } });
    expect((await fetch(`${base}/health/live`)).status).toBe(200);
  });

  it('drains what was registered last first, also when one step fails', async () => {
    const order: string[] = [];
    const shutdown = service.app.get(Shutdown);
    shutdown.onDrain('first', () => void order.push('first'));
    shutdown.onDrain('broken', () => {
      throw new Error('no');
    });
    shutdown.onDrain('last', () => void order.push('last'));
    await service.stop();
    expect(order).toEqual(['last', 'first']);
  });

  it('answers what it is asked while it drains, and keeps no connection after that', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const get = (path: string): Promise<IncomingMessage> =>
      new Promise((resolve, reject) => {
        request(`${base}${path}`, { agent }, (response) => resolve(response.resume()))
          .on('error', reject)
          .end();
      });
    const early = get('/slow');
    await slow.asked.promise;
    const notice = Promise.withResolvers<void>();
    service.app.get(Shutdown).onDrain('notice', () => notice.promise);
    let stopped = false;
    const stopping = service.stop().then(() => (stopped = true));
    const late = await fetch(`${base}/health/live`);
    expect([late.status, late.headers.get('connection')]).toEqual([200, 'close']);
    notice.resolve();
    await expect(eventually('it is gone', () => stopped, 300)).rejects.toThrow('it is gone');
    slow.answer.resolve();
    expect((await early).statusCode).toBe(204);
    // Not only once the agent tires of the connection.
    await Promise.race([stopping, pause(1_000)]);
    expect(stopped).toBe(true);
    agent.destroy();
  });

  it('says in one sentence that its port is taken', async () => {
    const refused = await start(service.port).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ConfigError);
    expect((refused as ConfigError).sentences).toEqual([
      `Port ${service.port} on 127.0.0.1 is in use; stop what uses it or set TEST_PORT to another one.`,
    ]);
  });

  it('describes its routes: inputs, answers, and the errors that follow from rule and inputs', async () => {
    const docs = (await (await fetch(`${base}/docs-json`)).json()) as {
      paths: Record<string, Record<string, { responses: object; security?: unknown; requestBody?: unknown }>>;
    };
    const operation = docs.paths['/echo/{id}']?.['post'];
    expect(Object.keys(operation?.responses ?? {})).toEqual(
      expect.arrayContaining(['201', '400', '409', '413', '429', '500']),
    );
    expect(operation?.responses).not.toHaveProperty('401');
    expect(JSON.stringify(operation?.requestBody)).toContain('"text":{"type":"string"}');
    const guarded = docs.paths['/fail/{how}']?.['get'];
    expect(Object.keys(guarded?.responses ?? {})).toEqual(expect.arrayContaining(['204', '401', '403']));
    expect(guarded?.security).toBeDefined();
    expect((await fetch(`${base}/docs`)).status).toBe(200);
  });
});
