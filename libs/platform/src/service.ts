import { NestFactory } from '@nestjs/core';
import type { DynamicModule, INestApplication } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { json } from 'express';
import helmet from 'helmet';
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Logger as Pino } from 'pino';
import { pinoHttp } from 'pino-http';
import { allowsOrigin, type CommonEnv, ConfigError, drainDelayOf, hostOf } from './env';
import { httpMetrics } from './http-metrics';
import { httpTracing } from './http-tracing';
import { NestLogger } from './logger';
import { MetricsRegistry } from './metrics';
import { ProblemFilter } from './problem.filter';
import { Shutdown } from './shutdown';
import { wantsTracing } from './tracing-env';
import { startTracing } from './tracing-sdk';

export const BODY_LIMIT_BYTES = 2_097_152;
const DRAIN_MS = 25_000;

export interface ServiceOptions {
  /** Its name in the log. */
  name: string;
  module: DynamicModule;
  env: CommonEnv;
  log: Pino;
  port: number;
  /** The variable the port comes from, for the sentence about a taken one. */
  portVariable: string;
  configure?: (app: INestApplication) => Promise<void> | void;
  /** After it listens. */
  started?: (app: INestApplication) => Promise<void> | void;
}

export interface RunningService {
  app: INestApplication;
  port: number;
  stop(): Promise<void>;
}

/** Starts one service: HTTP with the usual protections, one answer for every failure, orderly shutdown. */
export async function startService(options: ServiceOptions): Promise<RunningService> {
  const { module, env, log, port, portVariable } = options;
  const stopTracing = await startTracing(options.name, log);
  const app = await NestFactory.create<NestExpressApplication>(module, {
    logger: new NestLogger(log),
    bodyParser: false,
    abortOnError: false,
  });
  app.disable('x-powered-by');
  app.set('trust proxy', env.TRUST_PROXY);
  if (wantsTracing()) app.use(httpTracing());
  const shutdown = app.get(Shutdown);
  app.use((_request: IncomingMessage, response: ServerResponse, next: () => void) => {
    // Whoever keeps the connection opens the next one elsewhere.
    if (shutdown.draining) response.setHeader('connection', 'close');
    next();
  });
  app.use(requestLog(log));
  app.use(helmet({ contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } } }));
  const metrics = app.get(MetricsRegistry);
  metrics.service(options.name);
  app.use(httpMetrics(metrics.registry));
  // Before the parser, so that pages can read what it refuses.
  app.enableCors({
    origin: (origin, answer) => answer(null, !origin || allowsOrigin(env, origin)),
    maxAge: 600,
  });
  app.use(json({ limit: BODY_LIMIT_BYTES }));
  app.useGlobalFilters(new ProblemFilter());
  await options.configure?.(app);
  // After what it serves besides its routes: the files of a page may be kept.
  app.use(notKept);
  try {
    await app.listen(port, hostOf(env));
  } catch (error) {
    await app.close().catch(() => undefined);
    throw listenFailure(error, port, hostOf(env), portVariable);
  }
  await options.started?.(app);
  const address = app.getHttpServer().address() as { port: number };
  log.info({ port: address.port }, `${options.name} is listening`);
  let stopping: Promise<void> | undefined;
  return {
    app,
    port: address.port,
    stop: () =>
      (stopping ??= shutdown
        .drain(drainDelayOf(env))
        .then(() => close(app))
        .then(stopTracing)),
  };
}

/** What a route answers is about people, and may not outlive them in somebody's cache. */
function notKept(_request: IncomingMessage, response: ServerResponse, next: () => void): void {
  response.setHeader('cache-control', 'no-store');
  next();
}

/** Answers what it was asked; a connection that is kept alive after that would hold it up for seconds. */
async function close(app: INestApplication): Promise<void> {
  const server = app.getHttpServer() as Server;
  const timer = setInterval(() => server.closeIdleConnections(), 50);
  await app.close().finally(() => clearInterval(timer));
}

/** Runs a service as a process: signals end it, and one sentence says why it could not start. */
export async function runService(start: () => Promise<RunningService>): Promise<void> {
  const starting = start();
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => process.exit(1), DRAIN_MS).unref();
    // Told to stop while it starts, it starts first: what it has taken by then has to be given back.
    starting
      .then((service) => service.stop())
      .then(
        () => process.exit(0),
        () => process.exit(1),
      );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  // The launcher holds the other end of this channel: when it is killed nothing else would stop us.
  if (process.env['KINDLINE_PARENT']) {
    process.on('disconnect', stop);
    if (process.connected === false) stop();
  }
  try {
    await starting;
  } catch (error) {
    const sentences = error instanceof ConfigError ? error.sentences : [startFailure(error)];
    for (const sentence of sentences) process.stderr.write(`${sentence}\n`);
    process.exit(1);
  }
}

function listenFailure(error: unknown, port: number, host: string, variable: string): Error {
  const { code } = error as { code?: string };
  if (code === 'EADDRINUSE') {
    return new ConfigError([
      `Port ${port} on ${host} is in use; stop what uses it or set ${variable} to another one.`,
    ]);
  }
  if (code === 'EACCES')
    return new ConfigError([`Port ${port} may not be opened by this user; set ${variable}.`]);
  return error as Error;
}

function startFailure(error: unknown): string {
  const { message, code } = error as { message?: string; code?: string };
  if (code === 'ECONNREFUSED' || code === 'ENOTFOUND' || code === '28P01' || code === '3D000') {
    return `The database in DATABASE_URL cannot be used: ${message || code}.`;
  }
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** One line per request: method, route without its query, status, time. */
function requestLog(log: Pino) {
  return pinoHttp<IncomingMessage>({
    logger: log,
    genReqId: (request, response) => {
      const given = request.headers['x-request-id'];
      const id = typeof given === 'string' && /^[\w.-]{1,64}$/.test(given) ? given : randomUUID();
      response.setHeader('x-request-id', id);
      return id;
    },
    autoLogging: { ignore: (request) => /^\/(health|metrics)/.test(request.url ?? '') },
    customLogLevel: (_request, response, error) => (error || response.statusCode >= 500 ? 'warn' : 'debug'),
    serializers: {
      // Paths can hold a push token, or what may not outlive an anonymous session; the route's name would be known
      // too late for this line.
      req: (request: { id: string; method: string; url: string }) => ({
        id: request.id,
        method: request.method,
        path: request.url
          .split('?')[0]
          ?.replace(/^(\/api\/push-tokens\/).*/, '$1…')
          .replace(/^(\/api\/chat\/sessions\/)[^/]*/, '$1…'),
      }),
      res: (response: { statusCode: number }) => ({ status: response.statusCode }),
    },
  });
}
