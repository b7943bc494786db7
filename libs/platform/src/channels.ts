import type { Redis } from 'ioredis';
import { createRedis, type TransitionLog } from './redis';

/** Channels that come and go, each heard by one process only while somebody there needs it. */
export class Channels {
  private readonly redis: Redis;
  private readonly listeners = new Map<string, (message: string) => void>();
  private readonly reconnected: (() => void)[] = [];
  private wasReady = false;

  constructor(
    url: string,
    private readonly log: TransitionLog,
  ) {
    // We subscribe ourselves, to know when every channel is heard again.
    this.redis = createRedis(url, 'channels', log, { autoResubscribe: false });
    this.redis.on('message', (channel: string, message: string) => this.listeners.get(channel)?.(message));
    this.redis.on('ready', () => void this.again());
  }

  /** Resolves when everything published from now on is heard. @throws while Redis is away */
  async listen(channel: string, heard: (message: string) => void): Promise<void> {
    this.listeners.set(channel, heard);
    try {
      await this.redis.subscribe(channel);
    } catch (error) {
      this.listeners.delete(channel);
      throw error;
    }
  }

  leave(channel: string): void {
    this.listeners.delete(channel);
    // While Redis is away there is nothing to leave.
    this.redis.unsubscribe(channel).catch(() => undefined);
  }

  /** Told after every reconnect, when all channels are heard again: what was published meanwhile is lost. */
  onReconnect(told: () => void): void {
    this.reconnected.push(told);
  }

  close(): void {
    this.redis.disconnect();
  }

  private async again(): Promise<void> {
    const first = !this.wasReady;
    this.wasReady = true;
    try {
      const channels = [...this.listeners.keys()];
      if (channels.length > 0) await this.redis.subscribe(...channels);
    } catch (err) {
      this.log.warn({ err }, 'could not subscribe');
      if (this.redis.status === 'ready') this.redis.disconnect(true);
      return;
    }
    if (!first) for (const told of this.reconnected) told();
  }
}
