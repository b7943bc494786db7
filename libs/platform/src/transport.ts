import type { Redis } from 'ioredis';
import type { z } from 'zod';
import { createRedis, type TransitionLog } from './redis';
import { hearNews, traceparentOfNews } from './tracing';

/** Nest tokens of the transport's two halves. */
export const NEWS_SUBSCRIBER = Symbol('NEWS_SUBSCRIBER');

type Schemas<Events> = { readonly [Name in keyof Events]: z.ZodType };

/**
 * The publishing half of the Redis transport, in the format of Nest's: `{pattern, data}` as JSON on the
 * channel named by the pattern, so that Nest microservices can listen with `@EventPattern`. What is published within a
 * trace carries it as `traceparent` after them.
 */
export class TransportPublisher<Events> {
  constructor(private readonly redis: Redis) {}

  /** @throws while Redis is away: nobody heard it. */
  async publish<Name extends keyof Events & string>(name: Name, data: Events[Name]): Promise<void> {
    await this.redis.publish(
      name,
      JSON.stringify({ pattern: name, data, traceparent: traceparentOfNews(name) }),
    );
  }
}

/** What a request is answered with. */
export type Reply = { response: object } | { err: object };

/** The listening half: validates what arrives like any outside input, and subscribes again after every reconnect. */
export class TransportSubscriber<Events> {
  private readonly redis: Redis;
  private readonly handlers = new Map<string, (data: never) => void | Promise<void>>();
  private readonly answers = new Map<string, (packet: Packet | null) => Promise<void>>();
  private readonly reconnected: (() => void)[] = [];
  private subscribed = false;
  private wasSubscribed = false;
  private droppedCount = 0;

  constructor(
    url: string,
    private readonly schemas: Schemas<Events>,
    private readonly log: TransitionLog,
    /** Tells a publisher's own news by their text, before they are parsed for nothing. */
    private readonly isOwn: (message: string) => boolean = () => false,
  ) {
    // We subscribe ourselves: ioredis only repeats subscriptions that have stood before, so those of a
    // service that started while Redis was away would be lost without anybody noticing.
    this.redis = createRedis(url, 'transport', log, { autoResubscribe: false });
    this.redis.on('message', (channel: string, message: string) => this.receive(channel, message));
    this.redis.on('ready', () => void this.subscribeAll());
    this.redis.on('close', () => (this.subscribed = false));
  }

  /** How many messages did not fit their schema. */
  get dropped(): number {
    return this.droppedCount;
  }

  on<Name extends keyof Events & string>(
    name: Name,
    handler: (data: Events[Name]) => void | Promise<void>,
  ): void {
    this.handlers.set(name, handler);
    if (this.redis.status === 'ready') void this.subscribeAll();
  }

  /**
   * Answers requests in the format of Nest's: the reply goes to `<name>.reply` under the request's id; what
   * has no id is an event, and not answered. Where `answer` rejects there is no reply: the sender tries again.
   * @param replies the connection for replies
   */
  onRequest(name: string, replies: Redis, answer: (data: unknown) => Promise<Reply>): void {
    this.answers.set(name, async (packet) => {
      const reply = await answer(packet?.data);
      const id = packet?.id;
      if (typeof id === 'string') {
        await replies.publish(`${name}.reply`, JSON.stringify({ ...reply, id, isDisposed: true }));
      }
    });
    if (this.redis.status === 'ready') void this.subscribeAll();
  }

  /** Told after every reconnect: what was published meanwhile is lost and must be caught up with. */
  onReconnect(told: () => void): void {
    this.reconnected.push(told);
  }

  /** Whether everything published now is heard. */
  healthy(): boolean {
    return this.subscribed && this.redis.status === 'ready';
  }

  close(): void {
    this.redis.disconnect();
  }

  /** Told of a reconnect only afterwards: what is caught up with before the subscription stands leaves a hole. */
  private async subscribeAll(): Promise<void> {
    try {
      const channels = [...this.handlers.keys(), ...this.answers.keys()];
      if (channels.length > 0) await this.redis.subscribe(...channels);
    } catch (err) {
      // A lost connection comes back by itself; one that stands but refuses is closed and tried again.
      this.log.warn({ err }, 'could not subscribe');
      if (this.redis.status === 'ready') this.redis.disconnect(true);
      return;
    }
    const again = this.wasSubscribed && !this.subscribed;
    this.subscribed = this.wasSubscribed = true;
    if (again) for (const told of this.reconnected) told();
  }

  private receive(channel: string, message: string): void {
    const answer = this.answers.get(channel);
    if (answer) {
      answer(packetOf(message)).catch((err: unknown) =>
        this.log.warn({ err, request: channel }, 'a request could not be answered'),
      );
      return;
    }
    const handler = this.handlers.get(channel);
    const schema = this.schemas[channel as keyof Events];
    if (!handler || !schema || this.isOwn(message)) return;
    const packet = packetOf(message);
    const parsed = schema.safeParse(packet?.data);
    if (!parsed.success) {
      this.droppedCount += 1;
      this.log.warn({ event: channel }, 'news that do not fit their schema were dropped');
      return;
    }
    Promise.resolve()
      .then(() => hearNews(channel, packet?.traceparent, () => handler(parsed.data as never)))
      .catch((err: unknown) => this.log.warn({ err, event: channel }, 'news could not be handled'));
  }
}

interface Packet {
  id?: unknown;
  data?: unknown;
  traceparent?: unknown;
}

function packetOf(message: string): Packet | null {
  try {
    return JSON.parse(message) as Packet | null;
  } catch {
    // Not JSON: whoever reads it finds nothing that fits.
    return null;
  }
}
