import { Redis } from 'ioredis';
import { randomBytes } from 'node:crypto';
import { at, eventually, http, type TestPerson } from './kit';
import type { CollectedSpan } from '@kindline/testing';
import { TraceWorld } from './tracing/trace-world';

jest.setTimeout(90_000);

const ON = (url: string) => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: url,
  OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
  OTEL_BSP_SCHEDULE_DELAY: '50',
});

/** Of a request for help. */
const SPANS = [
  'POST /start_chat_session',
  'job request.invited',
  'hear request.invited.v1',
  'job notifications.send',
  'fcm send',
];

describe('a request for help, with tracing', () => {
  let world: TraceWorld;
  beforeAll(async () => {
    world = await TraceWorld.start(ON);
  });
  afterAll(() => world.stop());

  let user: TestPerson;
  let volunteer: TestPerson;
  const begun = randomBytes(16).toString('hex');
  const callerSpan = randomBytes(8).toString('hex');
  const inTrace = (name: string): CollectedSpan[] =>
    world.collector.spans.filter((span) => span.traceId === begun && span.name === name);

  it('is one trace from its caller over jobs and transport to the gateway and the push', async () => {
    const pair = await world.pair();
    ({ user, volunteer } = pair);
    const socket = await world.connect(volunteer);
    expect(await world.ask(user, { traceparent: `00-${begun}-${callerSpan}-01` })).toBe(201);
    await socket.next('chat_request');
    await eventually('the push', () => world.sandbox.messages(pair.device).length > 0);
    await eventually('all spans', () => SPANS.every((name) => inTrace(name).length > 0));

    const server = at(inTrace('POST /start_chat_session'), 0);
    const announcing = at(inTrace('job request.invited'), 0);
    const heard = at(inTrace('hear request.invited.v1'), 0);
    const pushing = at(inTrace('job notifications.send'), 0);
    const fcm = at(inTrace('fcm send'), 0);
    expect(server).toMatchObject({ service: 'session-api', parentSpanId: callerSpan });
    expect(server.attributes).toMatchObject({
      'http.route': '/start_chat_session',
      'http.response.status_code': 201,
    });
    expect(['session-api', 'scheduler']).toContain(announcing.service);
    expect(announcing.parentSpanId).toBe(server.spanId);
    expect(heard).toMatchObject({ service: 'chat-gateway', parentSpanId: announcing.spanId });
    expect(pushing).toMatchObject({ service: 'notification-worker', parentSpanId: server.spanId });
    expect(fcm).toMatchObject({ service: 'notification-worker', parentSpanId: pushing.spanId });
    expect(fcm.attributes).toMatchObject({ 'kindline.pushes': 1, 'kindline.pushes.accepted': 1 });
    socket.close();
  });

  it('has timers that are traces of their own and name it', async () => {
    await world.sql.query(
      `SELECT timers.reschedule_jobs(array_agg(id), run_at => now()) FROM timers._private_jobs
      WHERE task_id = (SELECT id FROM timers._private_tasks WHERE identifier = 'request.escalate')`,
    );
    const escalation = await eventually('the timer', () =>
      world.collector.spans.find(({ name }) => name === 'job request.escalate'),
    );
    expect(escalation.service).toBe('scheduler');
    expect(escalation.traceId).not.toBe(begun);
    expect(escalation.links).toMatchObject([{ traceId: begun }]);
  });

  it('is accepted in another one', async () => {
    const body = { volunteer_email: volunteer.email, user_email: user.email };
    expect((await world.api('POST', '/accept_chat_request', volunteer, body)).status).toBe(201);
    const named = (name: string) => world.collector.spans.find((span) => span.name === name);
    const heard = await eventually('its news', () => named('hear request.accepted.v1'));
    const server = await eventually('its request', () => named('POST /accept_chat_request'));
    expect(heard.traceId).toBe(server.traceId);
    expect(heard.traceId).not.toBe(begun);
  });

  it('begins a trace where the caller sent nonsense', async () => {
    await world.api('GET', '/api/conversations', user);
    const headers = {
      authorization: `Bearer ${user.token}`,
      traceparent: `00-${'0'.repeat(32)}-${callerSpan}-01`,
    };
    await fetch(`http://127.0.0.1:${world.service('session-api').port}/api/people/me`, { headers });
    const spans = await eventually('the span', () => {
      const found = world.collector.spans.filter(({ name }) => name.startsWith('GET'));
      return found.length >= 2 && found;
    });
    for (const span of spans) {
      expect(span.traceId).not.toMatch(/^0{32}$/);
      expect(span.parentSpanId ?? '').toBe('');
    }
  });

  it('says in the log which trace a line belongs to', () => {
    const lines = world.service('session-api').output().split('\n');
    const line = lines.find((one) => one.includes('"path":"/start_chat_session"'));
    expect(line).toContain(`"traceId":"${begun}"`);
  });

  it('tells the collector of nobody', async () => {
    const everything = world.collector.bodies.join('\n');
    const { rows } = await world.sql.query<{ id: string }>('SELECT id FROM help_requests');
    const secrets = [
      ...rows.map(({ id }) => id),
      ...[user, volunteer].flatMap(({ sub, email, token }) => [sub, email, token]),
      await world.personId(user),
      await world.personId(volunteer),
      'Robin',
      'words for a volunteer',
      'in-the-query',
      'device-',
    ];
    expect(everything).toContain('/start_chat_session');
    for (const secret of secrets) expect(everything).not.toContain(secret);
  });

  it('delivers what is left when a service stops', async () => {
    const api = await world.another('session-api', { OTEL_BSP_SCHEDULE_DELAY: '600000' });
    await http(api.port, 'DELETE', '/nowhere');
    expect(await api.stop()).toBe(0);
    const left = world.collector.spans.filter(({ name }) => name === 'DELETE');
    expect(left).toHaveLength(1);
  });
});

describe('without tracing', () => {
  let world: TraceWorld;
  beforeAll(async () => {
    world = await TraceWorld.start((url) => ({
      OTEL_EXPORTER_OTLP_ENDPOINT: url,
      OTEL_SDK_DISABLED: 'true',
      OTEL_BSP_SCHEDULE_DELAY: '50',
    }));
  });
  afterAll(() => world.stop());

  it('nothing is sent, and neither jobs nor news nor log carry a trace', async () => {
    const { user, volunteer, device } = await world.pair();
    const socket = await world.connect(volunteer);
    const traceparent = `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01`;
    const redis = new Redis(world.redisUrl);
    const news: string[] = [];
    redis.on('message', (_channel, message) => news.push(message));
    await redis.subscribe('request.invited.v1');
    expect(await world.ask(user, { traceparent })).toBe(201);
    await socket.next('chat_request');
    await eventually('the push', () => world.sandbox.messages(device).length > 0);
    await eventually('the news', () => news.length > 0);
    redis.disconnect();
    expect(news.join()).not.toContain('trace');
    const payloads = await world.payloads();
    expect(payloads.length).toBeGreaterThan(0);
    for (const payload of payloads) expect(payload).not.toContain('trace');
    expect(world.service('session-api').output()).not.toContain('traceId');
    socket.close();
    await world.service('session-api').stop();
    expect(world.collector.bodies).toEqual([]);
  });
});
