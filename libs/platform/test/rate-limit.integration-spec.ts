import type { Redis } from 'ioredis';
import { createRedis, type Rate, SharedLimit } from '../src';
import { RedisServer, until } from './redis-server';

const silent = { info: () => undefined, warn: () => undefined };
const TWO: Rate = { points: 2, perMs: 60_000 };

describe('SharedLimit', () => {
  let server: RedisServer;
  let redis: Redis;

  beforeEach(async () => {
    server = await (await RedisServer.reserve()).start();
    redis = createRedis(server.url, 'test', silent);
    await until(() => redis.status === 'ready');
  });
  afterEach(async () => {
    redis.disconnect();
    await server.kill();
  });

  it('refuses what goes beyond the rate and says how long to wait', async () => {
    const limit = new SharedLimit(redis, 'x', TWO);
    await limit.take('a');
    await limit.take('a');
    const refused = await limit.take('a').catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'rate_limited', status: 429 });
    const { retryAfterS } = (refused as { details: { retryAfterS: number } }).details;
    expect(retryAfterS).toBeGreaterThan(50);
    expect(retryAfterS).toBeLessThanOrEqual(60);
    await limit.take('b');
  });

  it('counts all replicas together', async () => {
    await new SharedLimit(redis, 'x', TWO).take('a');
    await new SharedLimit(redis, 'x', TWO).take('a');
    await expect(new SharedLimit(redis, 'x', TWO).take('a')).rejects.toMatchObject({ code: 'rate_limited' });
  });

  it('forgets a rate per less than a second as well', async () => {
    await new SharedLimit(redis, 'x', { points: 1, perMs: 500 }).take('a');
    const [key = ''] = await redis.keys('limit:x*');
    expect(await redis.pttl(key)).toBeGreaterThan(0);
  });

  it('counts by itself while Redis is away, without making anybody wait', async () => {
    const limit = new SharedLimit(redis, 'x', TWO);
    await server.kill();
    await until(() => redis.status !== 'ready');
    const since = Date.now();
    await limit.take('a');
    await limit.take('a');
    await expect(limit.take('a')).rejects.toMatchObject({ code: 'rate_limited' });
    expect(Date.now() - since).toBeLessThan(1_000);
  });
});
