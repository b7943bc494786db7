import { Redis } from 'ioredis';

/** A key with everything that stands in it. */
export interface Key {
  key: string;
  /** Milliseconds; -1 for a key that never expires. */
  ttl: number;
  text: string;
}

/** A command as the server ran it, whoever sent it. */
export type Command = readonly string[];

/** What a Redis holds, and every command it was given since `begin`. */
export class RedisRecord {
  readonly commands: Command[] = [];

  private constructor(
    readonly redis: Redis,
    private readonly monitor: Redis,
  ) {
    monitor.on('monitor', (_time: string, command: string[]) => this.commands.push(command));
  }

  static async begin(url: string): Promise<RedisRecord> {
    const redis = new Redis(url);
    redis.on('error', () => undefined);
    return new RedisRecord(redis, await redis.monitor());
  }

  /** Every key; one that expires while it is read is left out. */
  async now(): Promise<Key[]> {
    const names = await this.redis.keys('*');
    const keys = await Promise.all(
      names.map(async (key) => ({ key, text: await this.content(key), ttl: await this.redis.pttl(key) })),
    );
    return keys.filter(({ ttl }) => ttl !== -2);
  }

  /** While it lasts Redis refuses whatever would take memory. */
  async full(work: () => Promise<void>): Promise<void> {
    await this.redis.config('SET', 'maxmemory', '1');
    try {
      await work();
    } finally {
      await this.redis.config('SET', 'maxmemory', '0');
    }
  }

  close(): void {
    this.monitor.disconnect();
    this.redis.disconnect();
  }

  private async content(key: string): Promise<string> {
    const { redis } = this;
    const type = await redis.type(key);
    switch (type) {
      case 'none':
        return '';
      case 'string':
        return (await redis.get(key)) ?? '';
      case 'hash':
        return JSON.stringify(await redis.hgetall(key));
      case 'list':
        return (await redis.lrange(key, 0, -1)).join('\n');
      case 'set':
        return (await redis.smembers(key)).join('\n');
      case 'zset':
        return (await redis.zrange(key, 0, -1)).join('\n');
      default:
        throw new Error(`${key} is a ${type}, and nobody has said how to read it`);
    }
  }
}

/** The keys and channels that a command names, as far as commands of ours go. */
export function placesOf([name = '', ...args]: Command): readonly string[] {
  return /^eval(sha)?$/i.test(name) ? args.slice(2, 2 + Number(args[1])) : args.slice(0, 1);
}
