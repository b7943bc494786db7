import { Redis, type RedisOptions } from 'ioredis';

/** Nest token: this process's Redis connection for commands. */
export const REDIS = Symbol('REDIS');

export interface TransitionLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/**
 * A connection that comes back by itself for ever; while Redis is away commands fail at once instead of
 * queueing, and the log has one line per change, not one per attempt.
 */
export function createRedis(
  url: string,
  name: string,
  log: TransitionLog,
  options: RedisOptions = {},
): Redis {
  const redis = new Redis(url, {
    connectionName: `kindline-${name}`,
    retryStrategy: (attempt) => Math.min(attempt * 50, 1_000),
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    commandTimeout: 5_000,
    connectTimeout: 5_000,
    keepAlive: 10_000,
    lazyConnect: true,
    // A primary that became a replica stays reachable; the name leads to the new one. 2: and try again.
    reconnectOnError: ({ message }) => (message.startsWith('READONLY') ? 2 : false),
    ...options,
  });
  let away = false;
  redis.on('error', (error: Error) => {
    if (!away) log.warn({ err: error, redis: name }, 'Redis is out of reach');
    away = true;
  });
  // Not 'close': that comes as well when we hang up ourselves.
  redis.on('reconnecting', () => {
    if (!away) log.warn({ redis: name }, 'the connection to Redis is lost');
    away = true;
  });
  redis.on('ready', () => {
    if (away) log.info({ redis: name }, 'Redis is back');
    away = false;
  });
  // ioredis reconnects by itself from here on; the first failure is told by the listener above.
  redis.connect().catch(() => undefined);
  return redis;
}

/**
 * Makes what one turn of the event loop sends over this connection leave in one system call. ioredis' own
 * `enableAutoPipelining` does so as well, but its pipelines cost a gateway that is busy with anonymous sessions a
 * fifth of its CPU.
 */
export function gatherWrites(redis: Redis): Redis {
  redis.on('connect', () => {
    const { stream } = redis;
    const { write } = stream;
    let gathering = false;
    stream.write = (...args: unknown[]): boolean => {
      if (!gathering) {
        gathering = true;
        stream.cork();
        setImmediate(() => {
          gathering = false;
          stream.uncork();
        });
      }
      return (write as (...args: unknown[]) => boolean).apply(stream, args);
    };
  });
  return redis;
}
