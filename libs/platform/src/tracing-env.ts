import { z } from 'zod';
import { readEnv } from './env';

const url = z
  .url({ protocol: /^https?$/, error: 'must be an http or https address' })
  .optional()
  .meta({ example: 'http://127.0.0.1:4318' });
const protocol = z
  .enum(['http/protobuf', 'http/json'], 'must be http/protobuf or http/json; gRPC is not spoken')
  .optional()
  .meta({ example: 'http/protobuf' });
const count = (example: number) =>
  z.coerce.number().int('must be a whole number').positive('must be above 0').optional().meta({ example });

/** Those of the standard variables that we read ourselves; the exporter reads the other `OTEL_EXPORTER_OTLP_*`. */
const tracingEnv = z.object({
  OTEL_TRACES_EXPORTER: z
    .enum(['otlp', 'console'], 'must be otlp, console or none')
    .default('otlp')
    .meta({ example: 'otlp' }),
  OTEL_EXPORTER_OTLP_ENDPOINT: url,
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: url,
  OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
  OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: protocol,
  OTEL_EXPORTER_OTLP_TIMEOUT: count(10_000),
  OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: count(10_000),
  OTEL_SERVICE_NAME: z.string().optional(),
  OTEL_TRACES_SAMPLER: z
    .enum([
      'always_on',
      'always_off',
      'traceidratio',
      'parentbased_always_on',
      'parentbased_always_off',
      'parentbased_traceidratio',
    ])
    .default('parentbased_always_on')
    .meta({ example: 'parentbased_traceidratio' }),
  OTEL_TRACES_SAMPLER_ARG: z.coerce
    .number('must be a number from 0 to 1')
    .min(0, 'must be a number from 0 to 1')
    .max(1, 'must be a number from 0 to 1')
    .default(1)
    .meta({ example: 0.1 }),
  OTEL_BSP_SCHEDULE_DELAY: count(5_000),
  OTEL_BSP_EXPORT_TIMEOUT: count(30_000),
  OTEL_BSP_MAX_QUEUE_SIZE: count(2_048),
  OTEL_BSP_MAX_EXPORT_BATCH_SIZE: count(512),
});

export type TracingEnv = z.output<typeof tracingEnv>;

/** Whether the environment asks for traces. */
export function wantsTracing(env = process.env): boolean {
  const exporter = env['OTEL_TRACES_EXPORTER'];
  if (env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true' || exporter === 'none') return false;
  return Boolean(exporter || env['OTEL_EXPORTER_OTLP_ENDPOINT'] || env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT']);
}

/** @throws ConfigError @returns undefined where tracing is off */
export const readTracingEnv = (env = process.env): TracingEnv | undefined =>
  wantsTracing(env) ? readEnv(tracingEnv, env) : undefined;
