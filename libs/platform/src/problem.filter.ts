import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import { type ErrorCode, KindlineError, type Problem } from '@kindline/contracts';
import type { Request, Response } from 'express';
import { toKindlineError } from './errors';

const BY_STATUS: Record<number, ErrorCode> = {
  400: 'validation_failed',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not_found',
  405: 'method_not_allowed',
  413: 'too_large',
  415: 'unsupported_media_type',
  429: 'rate_limited',
};

/** Answers every failure as RFC 9457 `application/problem+json`. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('http');

  catch(cause: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<Request>();
    const response = http.getResponse<Response>();
    const error = fromHttp(cause) ?? toKindlineError(cause);
    if (error.code === 'internal' || error.code === 'unavailable') {
      const { id: requestId } = request as { id?: unknown };
      this.logger.error(
        { err: cause, requestId, route: request.route?.path, method: request.method },
        'request failed',
      );
    }
    if (response.headersSent) return;
    if (error.details.retryAfterS !== undefined)
      response.setHeader('Retry-After', String(error.details.retryAfterS));
    if (error.code === 'unauthenticated') response.setHeader('WWW-Authenticate', 'Bearer');
    response
      .status(error.status)
      .type('application/problem+json')
      .send(JSON.stringify(problem(error)));
  }
}

export function problem(error: KindlineError): Problem {
  const { errors, extra } = error.details;
  return {
    ...extra,
    type: `urn:kindline:error:${error.code}`,
    title: new KindlineError(error.code).message,
    status: error.status,
    detail: error.message,
    code: error.code,
    ...(errors ? { errors } : {}),
  };
}

/** Errors that Nest and Express raise before a controller is reached. */
function fromHttp(cause: unknown): KindlineError | undefined {
  const status = httpStatus(cause);
  if (status === 503) return new KindlineError('unavailable', undefined, { retryAfterS: 1 });
  if (status === undefined || status < 400 || status >= 500) return undefined;
  const code = BY_STATUS[status] ?? 'validation_failed';
  const type = (cause as { type?: unknown }).type;
  if (type === 'entity.parse.failed') return new KindlineError(code, 'The body is not valid JSON');
  if (code === 'not_found') return new KindlineError(code, 'There is no such route');
  return new KindlineError(code);
}

/**
 * Only of errors made to be answers: Nest's, and those of Express and its parsers, known by `expose`.
 * Others have a `status` too, our own among them, and one of an upstream's must not become ours.
 */
function httpStatus(cause: unknown): number | undefined {
  if (cause instanceof HttpException) return cause.getStatus();
  if (cause instanceof KindlineError || !(cause instanceof Error)) return undefined;
  const { status, expose } = cause as { status?: unknown; expose?: unknown };
  // The router marks a path it cannot decode with a status alone.
  const answer = typeof expose === 'boolean' || cause instanceof URIError;
  return answer && typeof status === 'number' ? status : undefined;
}
