import type { LoggerService } from '@nestjs/common';
import { constants } from 'node:os';
import { type Logger as Pino, pino, stdSerializers } from 'pino';
import { traceOfLine } from './tracing';
import { wantsTracing } from './tracing-env';

/** JSON lines on stdout. Texts, tokens and bodies have no place in a line; known carriers are redacted anyway. */
export function createLogger(service: string, level: string): Pino {
  return pino({
    level,
    base: { service },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { err: serializeError },
    ...(wantsTracing() && { mixin: traceOfLine }),
    redact: {
      paths: ['token', 'authorization', '*.token', '*.authorization', 'req.headers', 'res.headers'],
      remove: true,
    },
  });
}

const SQLSTATE = /^[0-9A-Z]{5}$/;
/** Some of the system's codes look like it: EPIPE. */
const isSqlState = (code: unknown): code is string =>
  typeof code === 'string' && SQLSTATE.test(code) && !(code in constants.errno);

/** An error without what drivers attach to it: a failed query's parameters and details hold people's words. */
export function serializeError(error: unknown): object {
  if (!(error instanceof Error)) return { type: typeof error };
  const { type, message, stack } = stdSerializers.err(error);
  const { code, constraint, table } = error as { code?: unknown; constraint?: unknown; table?: unknown };
  if (!isSqlState(code)) return { type, message, stack, code };
  // Postgres quotes the offending value in its message, and a stack repeats the message.
  const frames = stack?.slice(Math.max(0, stack.indexOf('\n    at ')));
  return { type, message: 'the database refused a statement', stack: frames, code, constraint, table };
}

/** Nest's logger on pino: `logger.warn({ field }, 'what happened')`. */
export class NestLogger implements LoggerService {
  constructor(private readonly pino: Pino) {}

  log = (message: unknown, ...rest: unknown[]): void => this.write('info', message, rest);
  error = (message: unknown, ...rest: unknown[]): void => this.write('error', message, rest);
  warn = (message: unknown, ...rest: unknown[]): void => this.write('warn', message, rest);
  debug = (message: unknown, ...rest: unknown[]): void => this.write('debug', message, rest);
  verbose = (message: unknown, ...rest: unknown[]): void => this.write('trace', message, rest);
  fatal = (message: unknown, ...rest: unknown[]): void => this.write('fatal', message, rest);

  /** Nest appends the context (a class's name) as the last argument. */
  private write(
    level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal',
    message: unknown,
    rest: unknown[],
  ) {
    const texts = rest.filter((item): item is string => typeof item === 'string');
    if (message instanceof Error) this.pino[level]({ err: message, context: texts.at(-1) }, message.message);
    else if (typeof message === 'object' && message !== null) {
      this.pino[level]({ ...message, context: texts.length > 1 ? texts.at(-1) : undefined }, texts[0]);
    } else {
      // Nest's own startup chatter is for debugging.
      const own = level === 'info' ? 'debug' : level;
      this.pino[own]({ context: texts.at(-1) }, String(message));
    }
  }
}
