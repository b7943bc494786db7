import { Logger } from '@nestjs/common';
import { type ClientProxy, ClientProxyFactory, Transport } from '@nestjs/microservices';
import { Redis } from 'ioredis';
import { firstValueFrom, lastValueFrom } from 'rxjs';
import { createRedis, type Reply, TransportSubscriber } from '../src';
import { RedisServer, until } from './redis-server';

interface Asked {
  n: number;
}

/** Doubles even numbers, refuses odd ones, and cannot answer negative ones. */
async function double(data: unknown): Promise<Reply> {
  const { n } = data as Asked;
  if (n < 0) throw new Error('a private reason');
  return n % 2 === 0 ? { response: { twice: 2 * n } } : { err: { code: 'odd', message: `${n} is odd` } };
}

describe('requests on the Redis transport', () => {
  let server: RedisServer;
  let redis: Redis;
  let listening: TransportSubscriber<object>;
  let client: ClientProxy;
  let spy: Redis;
  let asked: unknown[];
  let replies: string[];
  let lines: { fields: object; message: string }[];

  const log = {
    info: (fields: object, message: string) => void lines.push({ fields, message }),
    warn: (fields: object, message: string) => void lines.push({ fields, message }),
  };

  const nestClient = async (): Promise<ClientProxy> => {
    const options = { host: '127.0.0.1', port: server.port };
    const own = ClientProxyFactory.create({ transport: Transport.REDIS, options });
    await own.connect();
    return own;
  };

  beforeAll(() => Logger.overrideLogger(false));
  beforeEach(async () => {
    [asked, replies, lines] = [[], [], []];
    server = await RedisServer.reserve();
    await server.start();
    redis = createRedis(server.url, 'replies', log);
    await until(() => redis.status === 'ready');
    listening = new TransportSubscriber(server.url, {}, log);
    listening.onRequest('double', redis, (data) => {
      asked.push(data);
      return double(data);
    });
    await until(() => listening.healthy());
    client = await nestClient();
    // Not by a connection of Nest's: what is on the wire.
    spy = new Redis(server.url);
    spy.on('error', () => undefined);
    await spy.subscribe('double.reply');
    spy.on('message', (_, message: string) => replies.push(message));
  });
  afterEach(async () => {
    await client.close();
    spy.disconnect();
    listening.close();
    redis.disconnect();
    await server.kill();
  });

  const ask = (n: number): Promise<unknown> => firstValueFrom(client.send('double', { n }));
  const publish = (message: string): Promise<number> => redis.publish('double', message);

  it("answer Nest's own client, each request with its own reply", async () => {
    const all = [2, 4, 6, 8];
    expect(await Promise.all(all.map(ask))).toEqual(all.map((n) => ({ twice: 2 * n })));
    expect(asked).toEqual(all.map((n) => ({ n })));
  });

  it("complete Nest's stream with the one reply", async () => {
    expect(await lastValueFrom(client.send('double', { n: 2 }))).toEqual({ twice: 4 });
  });

  it('reply on the channel that Nest listens to, under the id of the request', async () => {
    await publish(JSON.stringify({ pattern: 'double', data: { n: 2 }, id: 'my own id' }));
    await until(() => replies.length > 0);
    expect(replies.map((reply) => JSON.parse(reply) as unknown)).toEqual([
      { response: { twice: 4 }, isDisposed: true, id: 'my own id' },
    ]);
  });

  it("are refused by an error that Nest's client throws", async () => {
    await expect(ask(3)).rejects.toEqual({ code: 'odd', message: '3 is odd' });
    expect(await ask(4)).toEqual({ twice: 8 });
  });

  it('are not answered when they are events', async () => {
    await lastValueFrom(client.emit('double', { n: 2 }), { defaultValue: undefined });
    for (const id of [null, 7, {}]) await publish(JSON.stringify({ pattern: 'double', data: { n: 4 }, id }));
    // A request that is answered comes after all that might have been.
    expect(await ask(6)).toEqual({ twice: 12 });
    expect(asked).toEqual([{ n: 2 }, { n: 4 }, { n: 4 }, { n: 4 }, { n: 6 }]);
    await until(() => replies.length > 0);
    expect(replies).toHaveLength(1);
  });

  it('are not answered when that failed, so that the sender asks again; the log has the reason', async () => {
    const failed: unknown[] = [];
    const failing = client.send('double', { n: -1 }).subscribe({ error: (error) => failed.push(error) });
    await until(() => lines.length > 0);
    expect(await ask(2)).toEqual({ twice: 4 });
    await until(() => replies.length > 0);
    expect([replies.length, failed]).toEqual([1, []]);
    failing.unsubscribe();
    expect(lines).toEqual([
      {
        fields: { err: expect.objectContaining({ message: 'a private reason' }), request: 'double' },
        message: 'a request could not be answered',
      },
    ]);
  });

  it('are survived when they are no JSON, or no packet', async () => {
    for (const message of ['not json', 'null', '7', '[]', '{}']) await publish(message);
    expect(await ask(2)).toEqual({ twice: 4 });
    expect(asked.at(-1)).toEqual({ n: 2 });
    await until(() => replies.length > 0);
    expect(replies).toHaveLength(1);
  });

  it('are answered again after Redis was killed and started again', async () => {
    await client.close();
    await server.kill();
    await until(() => !listening.healthy());
    await server.start();
    await until(() => listening.healthy() && redis.status === 'ready');
    client = await nestClient();
    expect(await ask(2)).toEqual({ twice: 4 });
  });
});
