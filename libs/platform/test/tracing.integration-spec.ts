import { eventually, TraceCollector } from '@kindline/testing';
import { inSpan } from '../src';
import { startTracing } from '../src/tracing-sdk';

let collector: TraceCollector;
let stop: (() => Promise<void>) | undefined;
let lines: { level: string; fields: object; message: string }[];
const warnings = () => lines.filter(({ level }) => level === 'warn');

async function start(settings: Record<string, string>): Promise<void> {
  // Those of this test: an exporter that was left behind may still say something.
  const own = lines;
  const log = {
    info: (fields: object, message: string) => void own.push({ level: 'info', fields, message }),
    warn: (fields: object, message: string) => void own.push({ level: 'warn', fields, message }),
  };
  // The SDK reads the process's environment.
  Object.assign(process.env, { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, ...settings });
  stop = await startTracing('chat-gateway', log);
}
async function end(): Promise<void> {
  await stop?.();
  stop = undefined;
}
const span = (name = 'job test') => inSpan(name, { kind: 'consumer' }, () => undefined);

beforeEach(async () => {
  lines = [];
  collector = await TraceCollector.start();
});
afterEach(async () => {
  await end();
  collector.close();
  for (const name of Object.keys(process.env)) if (name.startsWith('OTEL_')) delete process.env[name];
});

it('delivers as Protobuf by default, under the name of the service', async () => {
  await start({ OTEL_BSP_SCHEDULE_DELAY: '10' });
  await span('job of protobuf');
  const body = await eventually('a delivery', () => collector.bodies[0]);
  expect(body).toContain('job of protobuf');
  expect(body).toContain('chat-gateway');
  expect(() => JSON.parse(body) as unknown).toThrow();
});

it('takes names and attributes from the environment', async () => {
  await start({
    OTEL_BSP_SCHEDULE_DELAY: '10',
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_SERVICE_NAME: 'gateway-of-the-north',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=staging',
  });
  await span();
  const body = await eventually('a delivery', () => collector.bodies[0]);
  expect(collector.spans[0]?.service).toBe('gateway-of-the-north');
  expect(body).toContain('staging');
});

it('samples as it is told', async () => {
  await start({
    OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
    OTEL_TRACES_SAMPLER_ARG: '0',
    OTEL_BSP_SCHEDULE_DELAY: '10',
  });
  await span();
  await end();
  expect(collector.calls).toBe(0);
});

it('delivers what is left when it stops', async () => {
  await start({ OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json', OTEL_BSP_SCHEDULE_DELAY: '600000' });
  await span();
  expect(collector.calls).toBe(0);
  await end();
  expect(collector.spans).toHaveLength(1);
});

it('does not wait for a collector that hangs', async () => {
  collector.mood = 'hangs';
  await start({ OTEL_BSP_SCHEDULE_DELAY: '600000', OTEL_EXPORTER_OTLP_TIMEOUT: '2500' });
  await span();
  const began = performance.now();
  await end();
  expect(collector.calls).toBe(1);
  expect(performance.now() - began).toBeLessThan(3_000);
});

it('says once that it cannot deliver, and once that it can again', async () => {
  collector.mood = 'refuses';
  await start({ OTEL_BSP_SCHEDULE_DELAY: '10', OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' });
  for (let calls = 0; calls < 3; calls++) {
    await span();
    await eventually('a try', () => collector.calls > calls);
  }
  await eventually('a line', () => warnings().length > 0);
  expect(warnings()).toEqual([
    { level: 'warn', fields: { code: 400 }, message: 'traces cannot be delivered' },
  ]);
  collector.mood = 'takes';
  await span();
  await eventually('a second line', () => lines.at(-1)?.message === 'traces are delivered again');
  expect(warnings()).toHaveLength(1);
});

it('lives without a collector, and does not say where it should be', async () => {
  const { url } = collector;
  collector.close();
  await start({
    OTEL_EXPORTER_OTLP_ENDPOINT: url.replace('//', '//jane:a-password@'),
    OTEL_BSP_SCHEDULE_DELAY: '10',
    OTEL_EXPORTER_OTLP_TIMEOUT: '500',
  });
  await span();
  await eventually('a line', () => warnings().length > 0);
  expect(warnings()[0]?.fields).toEqual({ code: 'ECONNREFUSED' });
  expect(JSON.stringify(lines)).not.toContain('a-password');
});

it('is stopped by a setting that makes no sense, before anything is sent', async () => {
  await expect(start({ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' })).rejects.toThrow(
    /^OTEL_EXPORTER_OTLP_PROTOCOL: must be/,
  );
});
