import { inSpan, traceWith } from '@kindline/platform';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { announce } from '../announcements/announcement';
import type { JobContext } from './job-worker';
import { tracedTasks, traceFields } from './traced-tasks';

const exporter = new InMemorySpanExporter();
const job: JobContext = { id: '1', attempts: 1, maxAttempts: 25, signal: new AbortController().signal };
const invited = announce({ task: 'request.invited', requestId: 'r', round: 1, asked: 1 });
const changed = announce({ task: 'session.changed', sessionId: 's', formerHelperId: null });
const within = <Result>(run: () => Result) => inSpan<Result>('request', { kind: 'server' }, run);

beforeEach(() => {
  exporter.reset();
  const spanProcessors = [new SimpleSpanProcessor({ exporter })];
  traceWith(new TracerProvider({ spanProcessors }).getTracer('test'));
});
afterEach(() => traceWith(undefined));

it('a job for now goes on with the trace it was written in', async () => {
  const fields = await within(() => traceFields(invited));
  const seen: unknown[] = [];
  const tasks = tracedTasks('announce', { 'request.invited': (payload) => void seen.push(payload) });
  await tasks['request.invited']?.({ ...invited.payload, ...fields }, job);
  const [request, run] = exporter.getFinishedSpans();
  expect(run?.name).toBe('job request.invited');
  expect(run?.parentSpanContext?.spanId).toBe(request?.spanContext().spanId);
  expect(run?.attributes).toEqual({
    'kindline.queue': 'announce',
    'kindline.task': 'request.invited',
    'kindline.attempt': 1,
  });
  // The task sees what it was written with.
  expect(seen).toEqual([invited.payload]);
});

it('a later try begins a trace that names the one it was written in', async () => {
  const fields = await within(() => traceFields(invited));
  const tasks = tracedTasks('announce', { 'request.invited': () => undefined });
  await tasks['request.invited']?.({ ...invited.payload, ...fields }, { ...job, attempts: 2 });
  const [request, run] = exporter.getFinishedSpans();
  expect(run?.parentSpanContext).toBeUndefined();
  expect(run?.links.map(({ context }) => context.spanId)).toEqual([request?.spanContext().spanId]);
});

it('a timer begins a trace that names the one it was written in', async () => {
  const timer = { ...invited, runAt: new Date(0) };
  const fields = await within(() => traceFields(timer));
  await tracedTasks('timers', { 'request.invited': () => undefined })['request.invited']?.(
    { ...fields },
    job,
  );
  const [request, run] = exporter.getFinishedSpans();
  expect(run?.parentSpanContext).toBeUndefined();
  expect(run?.links.map(({ context }) => context.spanId)).toEqual([request?.spanContext().spanId]);
});

it('counselling never goes on with an account’s trace, and leaves no span', async () => {
  const fields = await within(() => traceFields(changed));
  expect(fields).toEqual({});
  exporter.reset();
  const carried = await within(() => traceFields(invited));
  exporter.reset();
  await tracedTasks('announce', { 'session.changed': () => undefined })['session.changed']?.(
    { ...carried },
    job,
  );
  expect(exporter.getFinishedSpans()).toEqual([]);
});

it('without tracing a job carries nothing', async () => {
  traceWith(undefined);
  expect(await within(() => traceFields(invited))).toEqual({});
});
