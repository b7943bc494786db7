import type { Sampler, SpanExporter } from '@opentelemetry/sdk-trace';
import { readTracingEnv, type TracingEnv } from './tracing-env';
import { traceWith } from './tracing';
import type { TransitionLog } from './redis';
import { within } from './within';

/** Spans that are not delivered by then are lost: a collector that hangs must not hold up a stop. */
const FLUSH_MS = 2_000;

const loadSdk = () => import('@opentelemetry/sdk-trace');
type Sdk = Awaited<ReturnType<typeof loadSdk>>;

/**
 * Begins to trace where the environment asks for it; otherwise nothing of the SDK is even loaded.
 * @returns what delivers the last spans and ends it
 * @throws ConfigError
 */
export async function startTracing(service: string, log: TransitionLog): Promise<() => Promise<void>> {
  const env = readTracingEnv();
  if (!env) return async () => undefined;
  const sdk = await loadSdk();
  const { defaultResource, detectResources, envDetector, resourceFromAttributes } =
    await import('@opentelemetry/resources');
  const processor = new sdk.BatchSpanProcessor({
    exporter: watched(await exporterOf(env, sdk), log),
    scheduledDelayMillis: env.OTEL_BSP_SCHEDULE_DELAY,
    exportTimeoutMillis: env.OTEL_BSP_EXPORT_TIMEOUT,
    maxQueueSize: env.OTEL_BSP_MAX_QUEUE_SIZE,
    maxExportBatchSize: env.OTEL_BSP_MAX_EXPORT_BATCH_SIZE,
  });
  const provider = new sdk.TracerProvider({
    sampler: samplerOf(env, sdk),
    spanProcessors: [processor],
    resource: defaultResource()
      .merge(resourceFromAttributes({ 'service.name': service, 'service.namespace': 'kindline' }))
      .merge(detectResources({ detectors: [envDetector] })),
  });
  // Not registered with the API: only our own spans, of which we know what they say, are exported.
  traceWith(provider.getTracer('kindline'));
  log.info({ exporter: env.OTEL_TRACES_EXPORTER, sampler: env.OTEL_TRACES_SAMPLER }, 'tracing');
  return async () => {
    traceWith(undefined);
    // What was not delivered has been said.
    await within(
      FLUSH_MS,
      provider.shutdown().catch(() => undefined),
    );
  };
}

async function exporterOf(env: TracingEnv, { ConsoleSpanExporter }: Sdk): Promise<SpanExporter> {
  if (env.OTEL_TRACES_EXPORTER === 'console') return new ConsoleSpanExporter();
  const protocol = env.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL ?? env.OTEL_EXPORTER_OTLP_PROTOCOL;
  const { OTLPTraceExporter } = await (protocol === 'http/json'
    ? import('@opentelemetry/exporter-trace-otlp-http')
    : import('@opentelemetry/exporter-trace-otlp-proto'));
  return new OTLPTraceExporter();
}

function samplerOf(env: TracingEnv, sdk: Sdk): Sampler {
  const ratio = new sdk.TraceIdRatioBasedSampler(env.OTEL_TRACES_SAMPLER_ARG);
  switch (env.OTEL_TRACES_SAMPLER) {
    case 'always_on':
      return new sdk.AlwaysOnSampler();
    case 'always_off':
      return new sdk.AlwaysOffSampler();
    case 'traceidratio':
      return ratio;
    case 'parentbased_always_on':
      return new sdk.ParentBasedSampler({ root: new sdk.AlwaysOnSampler() });
    case 'parentbased_always_off':
      return new sdk.ParentBasedSampler({ root: new sdk.AlwaysOffSampler() });
    case 'parentbased_traceidratio':
      return new sdk.ParentBasedSampler({ root: ratio });
  }
}

/** Says once when spans begin to be lost, and once when they arrive again. */
function watched(exporter: SpanExporter, log: TransitionLog): SpanExporter {
  let failing = false;
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        const { error } = result;
        if (error && !failing) {
          // Not its message: it may repeat the address, with a password in it.
          const { code = error.name } = error as { code?: unknown };
          log.warn({ code }, 'traces cannot be delivered');
        }
        if (!error && failing) log.info({}, 'traces are delivered again');
        failing = error !== undefined;
        done(result);
      }),
    shutdown: () => exporter.shutdown(),
  };
}
