import { TRANSPORT_NEWS } from '@kindline/contracts';
import {
  AlwaysOffSampler,
  InMemorySpanExporter,
  ParentBasedSampler,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import {
  currentTraceparent,
  hearNews,
  inSpan,
  isTracedJob,
  openSpan,
  traceOfLine,
  traceparentOfNews,
  traceWith,
} from './tracing';

const CALLER = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const exporter = new InMemorySpanExporter();
const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
const only = () => {
  const [span, ...others] = exporter.getFinishedSpans();
  if (!span || others.length > 0) throw new Error(`not one span but ${exporter.getFinishedSpans().length}`);
  return span;
};

beforeEach(() => {
  exporter.reset();
  traceWith(provider.getTracer('test'));
});
afterEach(() => traceWith(undefined));

describe('with tracing', () => {
  it('spans within each other are one trace', async () => {
    const inner = await inSpan('outer', { kind: 'consumer', parent: CALLER }, () =>
      inSpan('inner', { kind: 'client' }, async () => currentTraceparent()),
    );
    const [first, second] = exporter.getFinishedSpans();
    expect(first?.name).toBe('inner');
    expect(first?.parentSpanContext?.spanId).toBe(second?.spanContext().spanId);
    expect(second?.parentSpanContext?.spanId).toBe('b7ad6b7169203331');
    expect(inner).toBe(`00-0af7651916cd43dd8448eb211c80319c-${first?.spanContext().spanId}-01`);
  });

  it.each([
    ['nothing', undefined],
    ['a list', [CALLER, CALLER]],
    ['words', 'yes please'],
    ['an empty trace', `00-${'0'.repeat(32)}-b7ad6b7169203331-01`],
    ['an empty span', `00-0af7651916cd43dd8448eb211c80319c-${'0'.repeat(16)}-01`],
    ['capital letters', CALLER.toUpperCase()],
    ['something more', `${CALLER}\nSet-Cookie: a`],
  ])('a trace begins where %s is given as its parent', async (_what, parent) => {
    await inSpan('job', { kind: 'consumer', parent }, () => undefined);
    expect(only().parentSpanContext).toBeUndefined();
  });

  it('what caused something long ago is linked, in a trace of its own', async () => {
    await inSpan('timer', { kind: 'consumer', link: CALLER }, () => undefined);
    expect(only().parentSpanContext).toBeUndefined();
    expect(only().links.map(({ context }) => context.spanId)).toEqual(['b7ad6b7169203331']);
    expect(only().spanContext().traceId).not.toBe('0af7651916cd43dd8448eb211c80319c');
  });

  it.each([
    ['its code', Object.assign(new Error('jane@example.org is taken'), { code: '23505' }), '23505'],
    ['its class', new RangeError('jane@example.org is too long'), 'RangeError'],
    [
      'its class where the code is a text',
      Object.assign(new TypeError('a'), { code: 'jane @ home' }),
      'TypeError',
    ],
    ['its type', 'jane@example.org', 'string'],
  ])('of an error %s is kept, and never its message', async (_what, error, kind) => {
    const failing = inSpan('job', { kind: 'consumer' }, () => {
      throw error;
    });
    await expect(failing).rejects.toBe(error);
    const { attributes, status, events } = only();
    expect(attributes).toEqual({ 'error.type': kind });
    expect(status).toEqual({ code: 2 });
    expect(events).toEqual([]);
  });

  it('what its caller does not sample nobody after it samples', async () => {
    const sampler = new ParentBasedSampler({ root: new AlwaysOffSampler() });
    traceWith(
      new TracerProvider({ sampler, spanProcessors: [new SimpleSpanProcessor({ exporter })] }).getTracer(
        'test',
      ),
    );
    const carried = await inSpan('root', { kind: 'server' }, () => currentTraceparent());
    expect(carried).toMatch(/-00$/);
    traceWith(
      new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }).getTracer('test'),
    );
    await inSpan('job', { kind: 'consumer', parent: carried }, () => undefined);
    expect(exporter.getFinishedSpans()).toEqual([]);
  });

  it('news carry the trace they are published in, but for messages and counselling', async () => {
    const carrying = await inSpan('job', { kind: 'consumer' }, () =>
      Object.keys(TRANSPORT_NEWS).filter((name) => traceparentOfNews(name) !== undefined),
    );
    expect(carrying.sort()).toEqual([
      'announcement.shown.v1',
      'call.ended.v1',
      'conversation.changed.v1',
      'conversation.ended.v1',
      'conversation.started.v1',
      'helpers.changed.v1',
      'request.accepted.v1',
      'request.closed.v1',
      'request.invited.v1',
    ]);
  });

  it('news that carry none, or must not, are heard without a span', async () => {
    await hearNews('request.invited.v1', undefined, () => undefined);
    await hearNews('request.invited.v1', { trace: CALLER }, () => undefined);
    await hearNews('session.changed.v1', CALLER, () => undefined);
    expect(exporter.getFinishedSpans()).toEqual([]);
    await hearNews('request.invited.v1', CALLER, () => undefined);
    expect(only().parentSpanContext?.spanId).toBe('b7ad6b7169203331');
  });

  it.each(['session.changed', 'session.forgotten', 'session.queue', 'something.new'])(
    '%s is not traced',
    (task) => {
      expect(isTracedJob(task)).toBe(false);
    },
  );
});

describe('without tracing', () => {
  beforeEach(() => traceWith(undefined));

  it('there is no span, no context, and work is just done', async () => {
    expect(openSpan('request', { kind: 'server', parent: CALLER })).toBeUndefined();
    const inside = await inSpan('job', { kind: 'consumer', parent: CALLER }, (tell) => {
      tell({ 'kindline.pushes': 1 });
      return [currentTraceparent(), traceparentOfNews('request.invited.v1'), traceOfLine()];
    });
    expect(inside).toEqual([undefined, undefined, {}]);
    expect(hearNews('request.invited.v1', CALLER, () => 'at once')).toBe('at once');
    expect(exporter.getFinishedSpans()).toEqual([]);
  });
});
