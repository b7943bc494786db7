import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import express from 'express';
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { httpTracing } from './http-tracing';
import { currentTraceparent, traceWith } from './tracing';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const exporter = new InMemorySpanExporter();
let server: Server;

beforeAll(async () => {
  traceWith(
    new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }).getTracer('test'),
  );
  const app = express().use(httpTracing()).use(express.json());
  const paths = ['/api/people/:id', '/api/chat/sessions/:id', '/api/chat/channels/:id', '/health/live'];
  for (const path of paths) {
    app.all(path, (_, response) => void response.json({ traceparent: currentTraceparent() ?? null }));
  }
  app.get('/breaks', (_, response) => void response.status(503).end());
  server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => {
  traceWith(undefined);
  server.close();
  server.closeAllConnections();
});
beforeEach(() => exporter.reset());

/** @returns what the route saw */
async function ask(method: string, path: string): Promise<string | null> {
  const { port } = server.address() as AddressInfo;
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    headers: { traceparent: `00-${TRACE}-b7ad6b7169203331-01`, 'content-type': 'application/json' },
    ...(method === 'POST' && { body: JSON.stringify({ text: 'a body' }) }),
  });
  const text = await response.text();
  await new Promise(setImmediate);
  return text.startsWith('{') ? (JSON.parse(text) as { traceparent: string | null }).traceparent : null;
}
const spans = () => exporter.getFinishedSpans().map(({ name, attributes }) => ({ name, ...attributes }));

it('names a span by the pattern of its route, and says nothing of path, query or body', async () => {
  expect(await ask('POST', '/api/people/jane?email=jane@example.org')).toContain(TRACE);
  expect(spans()).toEqual([
    {
      name: 'POST /api/people/:id',
      'http.request.method': 'POST',
      'http.route': '/api/people/:id',
      'http.response.status_code': 200,
    },
  ]);
});

it('names what has no route by its method alone', async () => {
  await ask('GET', '/somewhere/jane');
  expect(spans()).toEqual([{ name: 'GET', 'http.request.method': 'GET', 'http.response.status_code': 404 }]);
});

it('marks what failed here', async () => {
  await ask('GET', '/breaks');
  expect(exporter.getFinishedSpans()[0]?.status).toEqual({ code: 2 });
});

it('traces support', async () => {
  expect(await ask('GET', '/api/chat/channels/7')).toContain(TRACE);
  expect(spans()).toHaveLength(1);
});

it.each([
  '/api/chat/sessions/7',
  '/API/Chat/Sessions/7',
  '/api/chat/sessions/7/?a=b',
  '/api/chat/request-session',
])('leaves no trace of counselling: %s', async (path) => {
  expect(await ask('POST', path)).toBeNull();
  expect(spans()).toEqual([]);
});

it.each(['/api/%63hat/sessions/7', '//api/chat/sessions/7', '/api//chat/sessions/7'])(
  'has no other spelling of a route of counselling: %s',
  async (path) => {
    await ask('GET', path);
    expect(JSON.stringify(spans())).not.toContain('sessions');
  },
);

it('does not trace probes', async () => {
  await ask('GET', '/health/live');
  expect(spans()).toEqual([]);
});
