import { Redis } from 'ioredis';
import { eventually, type World } from './kit';

/** Makes all gateways of a world deaf for a while. */
export class Subscriptions {
  private readonly redis: Redis;

  constructor(private readonly world: World) {
    this.redis = new Redis(world.env.REDIS_URL);
  }

  /** Cuts every subscription; who comes back may publish, but not listen, until they are mended. */
  async cut(): Promise<void> {
    await this.redis.call('ACL', 'SETUSER', 'default', '-subscribe');
    await this.redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
  }

  async mend(): Promise<void> {
    await this.redis.call('ACL', 'SETUSER', 'default', '+subscribe');
  }

  /** Resolves when everything that was to be told has been told, to whoever listens. */
  async announced(): Promise<void> {
    await eventually('nothing is left to announce', async () => {
      const { rows } = await this.world.sql.query('SELECT FROM announce._private_jobs LIMIT 1');
      return rows.length === 0;
    });
  }

  /** Nobody hears what `change` makes known. */
  async unheard(change: () => Promise<unknown>): Promise<void> {
    await this.announced();
    await this.cut();
    await change();
    await this.announced();
    expect(await this.redis.pubsub('NUMSUB', 'request.invited.v1')).toEqual(['request.invited.v1', 0]);
    await this.mend();
  }

  close(): void {
    this.redis.disconnect();
  }
}
