import { type ClientProxy, ClientProxyFactory, Transport } from '@nestjs/microservices';
import type { Redis } from 'ioredis';
import { lastValueFrom } from 'rxjs';
import { z } from 'zod';
import { createRedis, type TransitionLog, TransportPublisher, TransportSubscriber } from '../src';
import { RedisServer, until } from './redis-server';

const schemas = { 'tick.v1': z.object({ n: z.number() }) };
interface Events {
  'tick.v1': { n: number };
}

describe('the Redis transport', () => {
  let server: RedisServer;
  let redis: Redis;
  let closing: (() => unknown)[];
  let lines: { fields: object; message: string }[];
  let log: TransitionLog;

  const publisher = (): TransportPublisher<Events> => {
    redis = createRedis(server.url, 'test', log);
    closing.push(() => redis.disconnect());
    return new TransportPublisher<Events>(redis);
  };
  const subscriber = (): TransportSubscriber<Events> => {
    const own = new TransportSubscriber<Events>(server.url, schemas, log);
    closing.push(() => own.close());
    return own;
  };

  beforeEach(async () => {
    server = await RedisServer.reserve();
    closing = [];
    // Its own for each test: connections of the one before may still be hanging up.
    const own: typeof lines = (lines = []);
    const write = (fields: object, message: string): void => void own.push({ fields, message });
    log = { info: write, warn: write };
  });
  afterEach(async () => {
    await Promise.all(closing.map((close) => close()));
    await server.kill();
  });

  /** Publishes until it is heard: Redis does not tell when a subscription of another connection stands. */
  const heard = async (news: TransportPublisher<Events>, got: number[], n: number): Promise<void> => {
    await until(async () => {
      await news.publish('tick.v1', { n }).catch(() => undefined);
      return got.includes(n);
    });
  };

  it('carries events from publisher to subscriber', async () => {
    await server.start();
    const got: number[] = [];
    subscriber().on('tick.v1', ({ n }) => void got.push(n));
    await heard(publisher(), got, 1);
  });

  it('flows again, and tells so, after Redis was killed and started again', async () => {
    await server.start();
    const got: number[] = [];
    let reconnects = 0;
    const listening = subscriber();
    listening.on('tick.v1', ({ n }) => void got.push(n));
    listening.onReconnect(() => void (reconnects += 1));
    const news = publisher();
    await heard(news, got, 1);
    expect(reconnects).toBe(0);

    await server.kill();
    await until(() => !listening.healthy());
    await expect(news.publish('tick.v1', { n: 2 })).rejects.toThrow();

    await server.start();
    await until(() => reconnects === 1);
    expect(listening.healthy()).toBe(true);
    await heard(news, got, 3);
    expect(got).not.toContain(2);
  });

  it('listens when Redis comes up after the service', async () => {
    const got: number[] = [];
    const listening = subscriber();
    listening.on('tick.v1', ({ n }) => void got.push(n));
    const news = publisher();
    await until(() => lines.length > 0);
    expect(listening.healthy()).toBe(false);
    await server.start();
    await heard(news, got, 1);
    await until(() => listening.healthy());
  });

  it('has its subscription back by the time it tells of the reconnect', async () => {
    await server.start();
    const listening = subscriber();
    const got: number[] = [];
    listening.on('tick.v1', ({ n }) => void got.push(n));
    const news = publisher();
    await heard(news, got, 1);
    const subscribed: unknown[] = [];
    listening.onReconnect(() => {
      const asking = createRedis(server.url, 'asking', log, { enableOfflineQueue: true });
      closing.push(() => asking.disconnect());
      void asking.pubsub('NUMSUB', 'tick.v1').then((answer) => subscribed.push(answer));
    });
    await server.kill();
    await server.start();
    await until(() => subscribed.length === 1);
    expect(subscribed).toEqual([['tick.v1', 1]]);
  });

  it('says once that Redis is away and once that it is back', async () => {
    await server.start();
    publisher();
    await until(() => redis.status === 'ready');
    await server.kill();
    await until(() => redis.status === 'reconnecting');
    // Several attempts fail meanwhile.
    let attempts = 0;
    redis.on('reconnecting', () => void (attempts += 1));
    await until(() => attempts >= 4);
    await server.start();
    await until(() => redis.status === 'ready');
    expect(lines.map(({ message }) => message)).toEqual(['the connection to Redis is lost', 'Redis is back']);
  });

  it('does not complain about a connection that we close ourselves', async () => {
    await server.start();
    publisher();
    await until(() => redis.status === 'ready');
    redis.disconnect();
    await until(() => redis.status === 'end');
    expect(lines).toEqual([]);
  });

  it('drops, counts and reports what does not fit its schema, without its content', async () => {
    await server.start();
    const got: number[] = [];
    const listening = subscriber();
    listening.on('tick.v1', ({ n }) => void got.push(n));
    const news = publisher();
    await heard(news, got, 1);
    await redis.publish('tick.v1', JSON.stringify({ pattern: 'tick.v1', data: { n: 'a private word' } }));
    await redis.publish('tick.v1', 'not json, a private word');
    await heard(news, got, 2);
    expect(new Set(got)).toEqual(new Set([1, 2]));
    expect(listening.dropped).toBe(2);
    expect(lines.filter(({ message }) => message.includes('dropped'))).toHaveLength(2);
    expect(JSON.stringify(lines)).not.toContain('private');
  });

  it('reports a handler that fails with the name of the event, and goes on', async () => {
    await server.start();
    const got: number[] = [];
    subscriber().on('tick.v1', async ({ n }) => {
      got.push(n);
      if (n === 1) throw new Error('broken');
    });
    const news = publisher();
    await heard(news, got, 1);
    await heard(news, got, 2);
    expect(lines).toContainEqual({
      fields: { err: expect.objectContaining({ message: 'broken' }), event: 'tick.v1' },
      message: 'news could not be handled',
    });
  });

  it('is understood by, and understands, clients and servers of Nest', async () => {
    await server.start();
    const client: ClientProxy = ClientProxyFactory.create({
      transport: Transport.REDIS,
      options: { host: '127.0.0.1', port: server.port },
    });
    closing.push(() => client.close());
    await client.connect();
    const got: number[] = [];
    subscriber().on('tick.v1', ({ n }) => void got.push(n));
    await until(async () => {
      await lastValueFrom(client.emit('tick.v1', { n: 7 }), { defaultValue: undefined });
      return got.includes(7);
    });

    const { ServerRedis } = await import('@nestjs/microservices');
    const nest = new ServerRedis({ host: '127.0.0.1', port: server.port });
    closing.push(() => nest.close());
    const heardByNest: unknown[] = [];
    nest.addHandler('tick.v1', async (data: unknown) => void heardByNest.push(data), true);
    await nest.listen(() => undefined);
    const news = publisher();
    await until(async () => {
      await news.publish('tick.v1', { n: 8 }).catch(() => undefined);
      return heardByNest.length > 0;
    });
    expect(heardByNest[0]).toEqual({ n: 8 });
  });
});
