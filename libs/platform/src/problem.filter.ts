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
      this.logger.error({ err: cause, route: request.route?.path, method: request.method }, 'request failed');
    }
    if (response.headersSent) return;
    if (error.details.retryAfterS !== undefined) response.setHeader('Retry-After', String(error.details.retryAfterS));
    if (error.code === 'unauthenticated') response.setHeader('WWW-Authenticate', 'Bearer');
    response.status(error.status).type('application/problem+json').send(JSON.stringify(problem(error)));
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
  const status =
    cause instanceof HttpException ? cause.getStatus() : (cause as { status?: unknown; type?: unknown } | null)?.status;
  if (typeof status !== 'number' || status >= 500) return undefined;
  const code = BY_STATUS[status] ?? 'validation_failed';
  const type = (cause as { type?: unknown }).type;
  if (type === 'entity.parse.failed') return new KindlineError(code, 'The body is not valid JSON');
  if (code === 'not_found') return new KindlineError(code, 'There is no such route');
  return new KindlineError(code);
}
