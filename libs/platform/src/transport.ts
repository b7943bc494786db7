import type { Redis } from 'ioredis';
import type { z } from 'zod';
import { createRedis, type TransitionLog } from './redis';

/** Nest tokens of the transport's two halves. */
export const NEWS_SUBSCRIBER = Symbol('NEWS_SUBSCRIBER');

type Schemas<Events> = { readonly [Name in keyof Events]: z.ZodType };

/**
 * The publishing half of the Redis transport, in the format of Nest's: `{pattern, data}` as JSON on the
 * channel named by the pattern, so that Nest microservices can listen with `@EventPattern`.
 */
export class TransportPublisher<Events> {
  constructor(private readonly redis: Redis) {}

  /** @throws while Redis is away: nobody heard it. */
  async publish<Name extends keyof Events & string>(name: Name, data: Events[Name]): Promise<void> {
    await this.redis.publish(name, JSON.stringify({ pattern: name, data }));
  }
}

/** The listening half: validates what arrives like any outside input, and subscribes again after every reconnect. */
export class TransportSubscriber<Events> {
  private readonly redis: Redis;
  private readonly handlers = new Map<string, (data: never) => void | Promise<void>>();
  private readonly reconnected: (() => void)[] = [];
  private wasReady = false;

  constructor(
    url: string,
    private readonly schemas: Schemas<Events>,
    private readonly log: TransitionLog,
  ) {
    // Subscriptions may wait for the connection; ioredis repeats them after each reconnect.
    this.redis = createRedis(url, 'transport', log, { enableOfflineQueue: true, commandTimeout: undefined });
    this.redis.on('message', (channel: string, message: string) => this.receive(channel, message));
    this.redis.on('ready', () => {
      if (this.wasReady) for (const told of this.reconnected) told();
      this.wasReady = true;
    });
  }

  on<Name extends keyof Events & string>(name: Name, handler: (data: Events[Name]) => void | Promise<void>): void {
    this.handlers.set(name, handler);
    this.redis.subscribe(name).catch((err: unknown) => this.log.warn({ err, event: name }, 'could not subscribe'));
  }

  /** Told after every reconnect: what was published meanwhile is lost and must be caught up with. */
  onReconnect(told: () => void): void {
    this.reconnected.push(told);
  }

  healthy(): boolean {
    return this.redis.status === 'ready';
  }

  async close(): Promise<void> {
    this.redis.disconnect();
  }

  private receive(channel: string, message: string): void {
    const handler = this.handlers.get(channel);
    const schema = this.schemas[channel as keyof Events];
    if (!handler || !schema) return;
    const data = packetData(message);
    const parsed = schema.safeParse(data);
    if (!parsed.success) {
      this.log.warn({ event: channel }, 'news that do not fit their schema were dropped');
      return;
    }
    Promise.resolve()
      .then(() => handler(parsed.data as never))
      .catch((err: unknown) => this.log.warn({ err, event: channel }, 'news could not be handled'));
  }
}

function packetData(message: string): unknown {
  try {
    return (JSON.parse(message) as { data?: unknown } | null)?.data;
  } catch {
    // Not JSON: the schema refuses it below like anything else that does not fit.
    return undefined;
  }
}
