import { ConfigError } from './env';
import { readTracingEnv, wantsTracing } from './tracing-env';

const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' };

it.each([
  [false, {}],
  [false, { OTEL_SERVICE_NAME: 'chat', OTEL_TRACES_SAMPLER: 'always_on' }],
  [false, { OTEL_TRACES_EXPORTER: 'none', ...ENDPOINT }],
  [false, { OTEL_SDK_DISABLED: 'TRUE', ...ENDPOINT }],
  [false, { OTEL_EXPORTER_OTLP_ENDPOINT: '' }],
  [true, ENDPOINT],
  [true, { OTEL_SDK_DISABLED: 'false', ...ENDPOINT }],
  [true, { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://127.0.0.1:4318/v1/traces' }],
  [true, { OTEL_TRACES_EXPORTER: 'otlp' }],
  [true, { OTEL_TRACES_EXPORTER: 'console' }],
])('traces are wanted: %s with %j', (wanted, env) => {
  expect(wantsTracing(env)).toBe(wanted);
  expect(readTracingEnv(env) !== undefined).toBe(wanted);
});

it.each([
  [{ OTEL_TRACES_EXPORTER: 'zipkin' }, 'OTEL_TRACES_EXPORTER: must be otlp, console or none (example: otlp)'],
  [
    { ...ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
    'OTEL_EXPORTER_OTLP_PROTOCOL: must be http/protobuf or http/json; gRPC is not spoken (example: http/protobuf)',
  ],
  [
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' },
    'OTEL_EXPORTER_OTLP_ENDPOINT: must be an http or https address (example: http://127.0.0.1:4318)',
  ],
  [
    { ...ENDPOINT, OTEL_TRACES_SAMPLER: 'sometimes' },
    expect.stringMatching(/^OTEL_TRACES_SAMPLER: .*always_on.*\(example: parentbased_traceidratio\)$/),
  ],
  [
    { ...ENDPOINT, OTEL_TRACES_SAMPLER_ARG: '10' },
    'OTEL_TRACES_SAMPLER_ARG: must be a number from 0 to 1 (example: 0.1)',
  ],
  [
    { ...ENDPOINT, OTEL_BSP_SCHEDULE_DELAY: 'often' },
    expect.stringMatching(/^OTEL_BSP_SCHEDULE_DELAY: .*\(example: 5000\)$/),
  ],
])('%j is refused with one sentence', (env, sentence) => {
  let refusal: unknown;
  try {
    readTracingEnv(env);
  } catch (error) {
    refusal = error;
  }
  expect(refusal).toBeInstanceOf(ConfigError);
  expect((refusal as ConfigError).sentences).toEqual([sentence]);
});

it('does not look at the settings of tracing that is off', () => {
  expect(readTracingEnv({ OTEL_SDK_DISABLED: 'true', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' })).toBeUndefined();
});
