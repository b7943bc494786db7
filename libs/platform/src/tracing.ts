import {
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from '@opentelemetry/api';
import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * What may be in a trace; whatever is not named here leaves none. Counselling is not: a trace that goes on from an
 * account's request to an anonymous session would join the two. Messages are not: there are too many.
 */
const TRACED_JOBS = /^(call|campaign|conversation|helpers|job|notifications|request|retention|tokens)\b/;
const TRACED_NEWS = /^(announcement|call\.ended|conversation|helpers|request)\./;

export const isTracedJob = (task: string): boolean => TRACED_JOBS.test(task);

/**
 * All that a span may say besides its name. None of it is an id, a name, a text or a path: whoever reads traces
 * learns what the system did, not for whom.
 */
export interface SpanFacts {
  'http.request.method'?: string;
  /** The route's pattern. */
  'http.route'?: string;
  'http.response.status_code'?: number;
  'kindline.queue'?: string;
  'kindline.task'?: string;
  'kindline.attempt'?: number;
  'kindline.news'?: string;
  'kindline.pushes'?: number;
  'kindline.pushes.accepted'?: number;
}

export interface SpanOptions {
  kind: 'server' | 'client' | 'consumer';
  /** The span it is a part of, as W3C's `traceparent`; if not given, the one that runs here. */
  parent?: unknown;
  /** The span that caused it long ago. */
  link?: unknown;
  facts?: SpanFacts;
}

const KINDS = { server: SpanKind.SERVER, client: SpanKind.CLIENT, consumer: SpanKind.CONSUMER };

/** Ours alone, not the API's global one: a library that traces finds nothing to write its spans to. */
const running = new AsyncLocalStorage<Span>();
let tracer: Tracer | undefined;

/** From here on spans are made, or not any more. */
export function traceWith(given: Tracer | undefined): void {
  tracer = given;
}

/** Runs `run` as a part of a trace; without tracing just runs it. */
export async function inSpan<Result>(
  name: string,
  options: SpanOptions,
  run: (tell: (facts: SpanFacts) => void) => Result | Promise<Result>,
): Promise<Result> {
  const span = openSpan(name, options);
  if (!span) return run(() => undefined);
  try {
    return await running.run(span, () => run((facts) => span.setAttributes({ ...facts })));
  } catch (error) {
    fail(span, kindOf(error));
    throw error;
  } finally {
    span.end();
  }
}

/** A span that its caller ends. @returns undefined without tracing */
export function openSpan(name: string, { kind, parent, link, facts }: SpanOptions): Span | undefined {
  if (!tracer) return undefined;
  const above = spanContextOf(parent) ?? running.getStore()?.spanContext();
  const before = spanContextOf(link);
  return tracer.startSpan(
    name,
    { kind: KINDS[kind], attributes: { ...facts }, links: before ? [{ context: before }] : [] },
    above ? trace.setSpanContext(ROOT_CONTEXT, above) : ROOT_CONTEXT,
  );
}

export const runWithin = <Result>(span: Span, run: () => Result): Result => running.run(span, run);

/** Marks a span as failed. @param kind never an error's message: it may hold what people wrote */
export function fail(span: Span, kind: string): void {
  span.setAttribute('error.type', kind);
  span.setStatus({ code: SpanStatusCode.ERROR });
}

/** The running span as W3C's `traceparent`, also of one that is not sampled, so that nobody samples it later. */
export function currentTraceparent(): string | undefined {
  const span = tracer && running.getStore()?.spanContext();
  return span && `00-${span.traceId}-${span.spanId}-0${span.traceFlags & 1}`;
}

/** What a line of the log says of the trace it was written in. */
export function traceOfLine(): { traceId?: string } {
  const span = running.getStore()?.spanContext();
  return span ? { traceId: span.traceId } : {};
}

/** What news carry of the trace they are published in. */
export const traceparentOfNews = (name: string): string | undefined =>
  tracer && TRACED_NEWS.test(name) ? currentTraceparent() : undefined;

/** Handles news in the trace they carry; those without one are not worth one of their own. */
export function hearNews<Result>(
  name: string,
  traceparent: unknown,
  handle: () => Result,
): Result | Promise<Result> {
  if (!tracer || !TRACED_NEWS.test(name) || !spanContextOf(traceparent)) return handle();
  const facts = { 'kindline.news': name };
  return inSpan<Result>(`hear ${name}`, { kind: 'consumer', parent: traceparent, facts }, handle);
}

const TRACEPARENT = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;

/** @returns undefined for what is no `traceparent`; it comes from outside */
function spanContextOf(traceparent: unknown): SpanContext | undefined {
  const match = typeof traceparent === 'string' ? TRACEPARENT.exec(traceparent) : null;
  const [, traceId, spanId, flags] = match ?? [];
  if (!traceId || !spanId || !flags) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true };
}

/** An error's code, such as a SQLSTATE, or its class. */
function kindOf(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown };
  if (typeof code === 'string' && /^[\w.-]{1,40}$/.test(code)) return code;
  return error instanceof Error ? error.constructor.name : typeof error;
}
