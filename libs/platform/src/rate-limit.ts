import { KindlineError } from '@kindline/contracts';
import type { Redis } from 'ioredis';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { Rate } from './env';

/** A rate shared by all replicas through Redis; while Redis is away each replica counts for itself. */
export class SharedLimit {
  private readonly limiter: RateLimiterRedis;

  constructor(
    redis: Redis,
    name: string,
    { points, perMs }: Rate,
    private readonly onLimited: () => void = () => undefined,
  ) {
    // In whole seconds: of a shorter one the limiter makes a key that never expires.
    const duration = Math.max(1, Math.ceil(perMs / 1000));
    const own = { points, duration, keyPrefix: `limit:${name}` };
    this.limiter = new RateLimiterRedis({
      storeClient: redis,
      ...own,
      insuranceLimiter: new RateLimiterMemory(own),
    });
  }

  /** @throws rate_limited with the seconds to wait */
  async take(key: string): Promise<void> {
    try {
      await this.limiter.consume(key);
    } catch (cause) {
      if (!(cause instanceof RateLimiterRes)) throw cause;
      this.onLimited();
      const retryAfterS = Math.max(1, Math.ceil(cause.msBeforeNext / 1000));
      throw new KindlineError('rate_limited', `Too many requests; try again in ${retryAfterS} s`, {
        retryAfterS,
      });
    }
  }
}

const SWEEP_AT = 20_000;

/** Rates in this process's memory, for paths where a round trip per event would cost too much. */
export class TokenBuckets {
  private readonly buckets = new Map<string, { tokens: number; at: number }>();
  private readonly perMs: number;
  private sweepAt = SWEEP_AT;

  constructor(
    private readonly rate: Rate,
    private readonly now: () => number = Date.now,
  ) {
    this.perMs = rate.points / rate.perMs;
  }

  /** @returns false when the key has used up its rate */
  take(key: string): boolean {
    const now = this.now();
    const bucket = this.buckets.get(key);
    if (!bucket) {
      if (this.buckets.size >= this.sweepAt) this.sweep(now);
      this.buckets.set(key, { tokens: this.rate.points - 1, at: now });
      return this.rate.points >= 1;
    }
    bucket.tokens = Math.min(this.rate.points, bucket.tokens + (now - bucket.at) * this.perMs);
    bucket.at = now;
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }

  /** Forgets those that have filled up again. */
  private sweep(now: number): void {
    for (const [key, { tokens, at }] of this.buckets) {
      if (tokens + (now - at) * this.perMs >= this.rate.points) this.buckets.delete(key);
    }
    // When most are in use a sweep frees little: without this every new key would walk them all again.
    this.sweepAt = Math.max(SWEEP_AT, this.buckets.size * 2);
  }
}
