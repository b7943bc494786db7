import type { RequestHandler } from 'express';
import { fail, openSpan, runWithin } from './tracing';

/** Counselling, whose requests leave no span, shares its prefix with support; Express compares without case. */
const COUNSELLING = /^\/api\/chat\/(?!support\b|channels\b)/i;
const PROBES = /^\/(health|metrics|docs)/i;

/** A span per request, named by its route and a part of the caller's trace, if it sent one. */
export function httpTracing(): RequestHandler {
  return (request, response, next) => {
    const { method, path } = request;
    if (COUNSELLING.test(path) || PROBES.test(path)) return next();
    const parent = request.headers['traceparent'];
    const span = openSpan(method, { kind: 'server', parent, facts: { 'http.request.method': method } });
    if (!span) return next();
    response.once('close', () => {
      // The route's pattern, never the path: ids and tokens stand there.
      const route = (request.route as { path?: unknown } | undefined)?.path;
      if (typeof route === 'string') {
        // However its path was written: a span that does not end is not exported.
        if (COUNSELLING.test(route)) return;
        span.updateName(`${method} ${route}`);
        span.setAttribute('http.route', route);
      }
      span.setAttribute('http.response.status_code', response.statusCode);
      if (response.statusCode >= 500) fail(span, String(response.statusCode));
      span.end();
    });
    runWithin(span, next);
  };
}
