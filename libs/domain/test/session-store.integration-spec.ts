import { eventually, type OwnServer, startRedis } from '@kindline/testing';
import { Redis } from 'ioredis';
import { randomUUID } from 'node:crypto';
import {
  channelOf,
  MOST_BYTES,
  MOST_LINES,
  readSignal,
  type SessionLine,
  type SessionSignal,
  SessionStore,
} from '../src';

const RETENTION = 60_000;
const SEEKER = { side: 'seeker', anonymousId: 'anon_s' } as const;

/** Once with a plain Redis, once with one that refuses whatever spans slots, as a cluster's nodes do. */
describe.each(['a single Redis', 'a node of a cluster'])('the session store on %s', (kind) => {
  let server: OwnServer;
  let redis: Redis;
  let listener: Redis;
  let store: SessionStore;
  let heard: (SessionSignal | undefined)[];
  let id: string;

  beforeAll(async () => {
    const cluster = kind === 'a node of a cluster';
    server = await startRedis({ cluster });
    redis = new Redis(server.url, { enableAutoPipelining: true });
    listener = new Redis(server.url);
    store = new SessionStore(redis);
    if (cluster) {
      await redis.call('CLUSTER', 'ADDSLOTSRANGE', 0, 16_383);
      await eventually('the node serves all slots', async () =>
        String(await redis.call('CLUSTER', 'INFO')).includes('cluster_state:ok'),
      );
      await expect(redis.mget('a', 'b')).rejects.toThrow('CROSSSLOT');
    }
    expect(await redis.info('cluster')).toContain(`cluster_enabled:${cluster ? 1 : 0}`);
    listener.on('message', (_channel: string, message: string) => heard.push(readSignal(message)));
  }, 30_000);
  beforeEach(async () => {
    [id, heard] = [randomUUID(), []];
    await store.create(id, { anonymousId: 'anon_s', topic: 'Exams' }, RETENTION);
    await listener.subscribe(channelOf(id));
  });
  afterAll(async () => {
    redis.disconnect();
    listener.disconnect();
    await server.dispose();
  });

  const say = (content: string, clientId?: string) =>
    store.append(
      id,
      { side: 'seeker', from: 'anon_s', content, clientId, origin: 'socket-1', gatewayId: 'gateway-1' },
      RETENTION,
    );
  const active = { version: 2, status: 'active', endedBy: null } as const;

  it('keeps what a session is, under keys of one slot that expire together', async () => {
    expect(await store.look(id)).toEqual({
      status: 'queued',
      version: 1,
      seekerAnonymousId: 'anon_s',
      helperAnonymousId: null,
      topic: 'Exams',
      endedBy: null,
      count: 0,
      lastAt: 0,
      forgottenAt: expect.any(Number),
    });
    await say('hello', 'c');
    await store.sit(id, { side: 'seeker', anonymousId: 'anon_s', socketId: 's', gatewayId: 'g' });
    await store.keepSummary(id, '{}');
    const keys = await redis.keys(`*${id}*`);
    expect(keys).toHaveLength(3);
    const expiries = await Promise.all(keys.map((key) => redis.pttl(key)));
    expect(expiries.every((ms) => ms > RETENTION - 5_000 && ms <= RETENTION)).toBe(true);
  });

  it('publishes what it stores, in one step, unless nobody sits elsewhere', async () => {
    const quiet = await store.append(
      id,
      { side: 'seeker', from: 'anon_s', content: 'quiet', origin: 'socket-1', gatewayId: 'gateway-1' },
      RETENTION,
    );
    expect(quiet).toEqual({
      seq: 1,
      at: expect.any(Number),
      duplicate: false,
      helperAnonymousId: '',
      elsewhere: [],
    });
    await store.sit(id, { ...SEEKER, socketId: 's', gatewayId: 'gateway-2' });
    expect(await say('héllo\n"wörld" ☎')).toMatchObject({ seq: 2, duplicate: false, elsewhere: [] });
    expect(await say('again', 'c')).toMatchObject({ seq: 3, duplicate: false });
    expect(await say('again', 'c')).toMatchObject({ seq: 3, duplicate: true });
    const lines = await store.after(id, 0);
    expect(lines.map(({ seq, side, from, content }) => [seq, side, from, content])).toEqual([
      [1, 'seeker', 'anon_s', 'quiet'],
      [2, 'seeker', 'anon_s', 'héllo\n"wörld" ☎'],
      [3, 'seeker', 'anon_s', 'again'],
    ]);
    await listener.ping();
    expect(heard).toEqual(lines.slice(1).map((line) => ({ kind: 'line', line, helperAnonymousId: '' })));
  });

  it('takes messages from the two sides only, and while the session lasts', async () => {
    const from = (side: 'seeker' | 'helper', anonymousId: string) =>
      store.append(
        id,
        { side, from: anonymousId, content: 'x', origin: 's', gatewayId: 'gateway-1' },
        RETENTION,
      );
    expect(await from('helper', 'anon_h')).toBe('replaced');
    expect(await from('seeker', 'anon_x')).toBe('replaced');
    await store.apply(id, active, 'anon_h', RETENTION);
    expect(await from('helper', 'anon_h')).toMatchObject({ seq: 1 });
    await store.apply(id, { version: 3, status: 'queued', endedBy: null }, 'unused', RETENTION);
    expect(await from('helper', 'anon_h')).toBe('replaced');
    await store.apply(id, { version: 4, status: 'active', endedBy: null }, 'anon_i', RETENTION);
    expect(await from('helper', 'anon_h')).toBe('replaced');
    expect(await from('helper', 'anon_i')).toMatchObject({ seq: 2 });
    await store.apply(id, { version: 5, status: 'ended', endedBy: 'helper' }, 'unused', RETENTION);
    expect(await from('helper', 'anon_i')).toBe('ended');
    await store.remove(id);
    expect(await from('seeker', 'anon_s')).toBe('gone');
    expect(await store.page(id, SEEKER, { limit: 10 })).toBe('gone');
    expect(await store.look(id)).toBeUndefined();
  });

  it('goes back to no older state, and gives no second name to the same helper', async () => {
    expect(await store.apply(id, active, 'anon_h', RETENTION)).toBe(true);
    expect(await store.apply(id, active, 'anon_other', RETENTION)).toBe(true);
    expect(await store.apply(id, { version: 1, status: 'queued', endedBy: null }, 'x', RETENTION)).toBe(true);
    expect(await store.look(id)).toMatchObject({
      status: 'active',
      version: 2,
      helperAnonymousId: 'anon_h',
    });
    expect(await store.apply(randomUUID(), active, 'anon_h', RETENTION)).toBe(false);
    await listener.ping();
    expect(heard).toEqual([{ kind: 'state' }]);
  });

  it('knows who of the other side sits where', async () => {
    await store.apply(id, active, 'anon_h', RETENTION);
    const sit = (side: 'seeker' | 'helper', anonymousId: string, socketId: string) =>
      store.sit(id, { side, anonymousId, socketId, gatewayId: 'gateway-2' });
    expect(await sit('helper', 'anon_x', 'socket-9')).toBe('replaced');
    expect(await sit('helper', 'anon_h', 'socket-2')).toEqual({
      version: 2,
      count: 0,
      lastAt: 0,
    });
    expect(await sit('seeker', 'anon_s', 'socket-1')).toMatchObject({ count: 0 });
    expect(await say('hello')).toMatchObject({ elsewhere: ['gateway-2'], helperAnonymousId: 'anon_h' });
    await store.stand(id, 'socket-2');
    expect(await say('hello?')).toMatchObject({ elsewhere: [] });
    expect(await store.seats(id)).toEqual([{ side: 'seeker', socketId: 'socket-1', gatewayId: 'gateway-2' }]);
  });

  it('finds pages by place and by time', async () => {
    for (let n = 1; n <= 5; n++) await say(`${n}`);
    const page = async (before: number | Date | undefined, limit: number) =>
      [await store.page(id, SEEKER, { before, limit })]
        .flat()
        .map((line) => Number((line as SessionLine).content));
    expect(await page(undefined, 2)).toEqual([4, 5]);
    expect(await page(4, 2)).toEqual([2, 3]);
    expect(await page(1, 2)).toEqual([]);
    expect(await page(99, 9)).toEqual([1, 2, 3, 4, 5]);
    expect(await page(new Date(0), 9)).toEqual([]);
    expect(await page(new Date(Date.now() + 60_000), 2)).toEqual([4, 5]);
  });

  it(`holds ${MOST_LINES} messages and no more`, async () => {
    const lines = Array.from({ length: MOST_LINES }, () => `1 seeker anon_s "x"`);
    await redis.rpush(`${channelOf(id)}:messages`, ...lines);
    expect(await say('one more')).toBe('full');
  });

  it('holds so many bytes and no more', async () => {
    await redis.hset(channelOf(id), 'bytes', MOST_BYTES - 100);
    expect(await say('x'.repeat(200))).toBe('full');
    expect(await say('x')).toMatchObject({ seq: 1 });
  });

  it('shows pages and takes signs only from who is in it', async () => {
    const somebody = { side: 'helper', anonymousId: 'anon_x' } as const;
    expect(await store.page(id, somebody, { limit: 1 })).toBe('replaced');
    expect(await store.typing(id, somebody, { origin: 's', on: true }, RETENTION)).toBe('replaced');
    expect(await store.typing(id, SEEKER, { origin: 's', on: true }, RETENTION)).toBeUndefined();
    await listener.ping();
    expect(heard).toEqual([{ kind: 'typing', origin: 's', from: 'anon_s', on: true }]);
  });

  it('is kept as long as somebody writes, and no longer for looking', async () => {
    const expiry = () => redis.pttl(channelOf(id));
    await redis.pexpire(channelOf(id), 10_000);
    await store.typing(id, SEEKER, { origin: 's', on: false }, RETENTION);
    await store.page(id, SEEKER, { limit: 1 });
    expect(await expiry()).toBeLessThanOrEqual(10_000);
    await store.typing(id, SEEKER, { origin: 's', on: true }, RETENTION);
    expect(await expiry()).toBeGreaterThan(RETENTION - 5_000);
  });

  it('survives a Redis that has forgotten its scripts', async () => {
    await say('one');
    await redis.script('FLUSH');
    const said = await Promise.all([say('two'), say('three')]);
    expect(said).toMatchObject([{ duplicate: false }, { duplicate: false }]);
    expect((await store.look(id))?.count).toBe(3);
  });
});
