import { RETURN_MS, SessionStore } from '@kindline/domain';
import { REDIS, type RunningService } from '@kindline/platform';
import { createTestDatabase, type TestDatabase } from '@kindline/testing';
import type { Redis } from 'ioredis';
import { get } from 'node:http';
import type { Socket as NetSocket } from 'node:net';
import { io } from 'socket.io-client';
import { startChatGateway } from '../src/start';
import { ChatSocket } from './counseling-kit';
import { at, eventually, pushDue, TestSocket, World } from './kit';
import { expectWhole, pairs, settle, Talker } from './talk';

jest.setTimeout(120_000);

const PAIRS = 24;
/** Messages that each side has on their way at any moment: more than fit into the writer's batches, so that it never rests. */
const AT_ONCE = 12;
const STOPPED_WITHIN_MS = 5_000;

/** The status that a WebSocket handshake is answered with, as a load balancer sees it. */
const knock = (port: number): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const headers = { connection: 'upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' };
    const path = '/socket.io/?EIO=4&transport=websocket';
    get({ port, path, headers: { ...headers, 'sec-websocket-key': 'x3JJHMbDL1EzLkh9GBhXDw==' } })
      .on('response', ({ statusCode }) => resolve(statusCode))
      .on('error', reject);
  });

describe('a gateway that is told to stop', () => {
  let database: TestDatabase;
  let world: World;
  let leaving: RunningService;
  let staying: RunningService;
  let talkers: Talker[];

  beforeAll(async () => {
    database = await createTestDatabase();
    world = await World.start(database.url, { gateways: 3 });
    staying = at(world.gateways, 2);
  });
  afterAll(async () => {
    await world.stop();
    await database.drop();
  });
  beforeEach(async () => {
    await world.nobodyAvailable();
    talkers = [];
  });
  afterEach(() => {
    for (const talker of talkers) talker.close();
  });

  const stored = async (ids: string[]): Promise<number> => {
    const { rowCount } = await world.sql.query('SELECT FROM messages WHERE id = ANY ($1)', [ids]);
    return rowCount ?? 0;
  };

  /** Says the next thing as soon as the last one is acked, until one is refused or the connection is gone. */
  const keepSaying = (talker: Talker): Promise<void[]> =>
    Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        while (talker.socket.socket.connected && talker.refused === 0) await talker.say();
      }),
    );

  it('is gone within seconds while everybody keeps talking, and loses nothing that it acked', async () => {
    leaving = at(world.gateways, 0);
    for (let pair = 0; pair < PAIRS; pair++) {
      const { user, volunteer, chatId } = await world.chat();
      const sides = [new Talker(user, chatId), new Talker(volunteer, chatId)] as const;
      for (const side of sides) await side.connect(leaving.port);
      talkers.push(...sides);
    }
    const reasons: string[] = [];
    for (const { socket } of talkers) socket.socket.once('disconnect', (reason) => reasons.push(reason));
    const loops = talkers.map(keepSaying);
    await eventually('everybody talks', () => talkers.every(({ acked }) => acked.size > 2 * AT_ONCE));

    let gone = false;
    // Nobody waits for an answer that never comes.
    void Promise.all([leaving.stop(), ...loops]).then(() => (gone = true));
    await eventually('it is gone, and everybody has been answered', () => gone, STOPPED_WITHIN_MS);

    for (const { socket } of talkers) expect(socket.all('server_draining')).toHaveLength(1);
    // Clients connect again by themselves after this one, and only after this one.
    expect(reasons).toEqual(talkers.map(() => 'transport close'));
    // What comes after that is refused, or not answered any more.
    expect(talkers.flatMap(({ refusals }) => refusals).filter((code) => code !== 'unavailable')).toEqual([]);
    const acked = talkers.flatMap((talker) => [...talker.acked.values()].map(({ id }) => id));
    expect(await stored(acked)).toBe(acked.length);

    await Promise.all(talkers.map((talker) => talker.connect(staying.port)));
    await settle(talkers);
    for (const sides of pairs(talkers)) await expectWhole(world.sql, sides);
  });

  it('has nobody taken for absent who comes back at once, and finds those who do not', async () => {
    leaving = world.stopLater(await startChatGateway(world.env));
    const [returning, lost] = [await world.chat(), await world.chat()];
    const senders = [await world.connect(returning.user, 2), await world.connect(lost.user, 2)] as const;
    for (const { volunteer } of [returning, lost]) {
      world.closeLater(await TestSocket.connect(leaving.port, volunteer));
    }
    await leaving.stop();
    await senders[0].send(returning.chatId, 'are you there?');
    await senders[1].send(lost.chatId, 'are you there?');
    const due = ({ chatId, volunteer }: typeof lost): Promise<Date | null> =>
      pushDue(world.sql, chatId, volunteer.sub);
    expect([await due(returning), await due(lost)]).toEqual([null, null]);
    await world.connect(returning.volunteer, 2);
    await eventually('it is noticed', async () => (await due(lost)) !== null, RETURN_MS + 10_000);
    expect(await due(returning)).toBeNull();
  });

  it('does not wait for a phone that has lost its network', async () => {
    leaving = world.stopLater(await startChatGateway(world.env));
    const socket = world.closeLater(await TestSocket.connect(leaving.port, await world.person('user')));
    // It reads nothing any more, and so does not answer that the server hangs up.
    const { ws } = socket.socket.io.engine.transport as unknown as { ws: { _socket: NetSocket } };
    ws._socket.pause();
    const began = Date.now();
    await leaving.stop();
    expect(Date.now() - began).toBeLessThan(STOPPED_WITHIN_MS);
    ws._socket.destroy();
  });

  it('leaves its lease to lapse although only anonymous people are there, so that their seats are given back', async () => {
    const counselor = await world.connect(await world.person('counselor'), 2);
    leaving = world.stopLater(await startChatGateway(world.env));
    const student = await world.person('student');
    const { body } = await world.api('POST', '/api/chat/request-session', student, {});
    await ChatSocket.connect(leaving.port, body['chatToken']);
    const redis = staying.app.get<Redis>(REDIS);
    const leases = () => redis.zrangebyscore('presence:gateways', Date.now(), '+inf');
    const before = await leases();
    await leaving.stop();
    expect(await leases()).toEqual(expect.arrayContaining(before));
    await eventually(
      'somebody has given its seats back',
      async () => (await leases()).length < before.length,
      20_000,
    );
    await eventually('the lease is gone', async () => (await redis.hlen('presence:left_at')) === 0, 10_000);
    const store = staying.app.get(SessionStore);
    expect(await store.seats(String(body['sessionId']))).toEqual([]);
    counselor.close();
  });

  it('answers what it has taken, and takes nothing more', async () => {
    leaving = at(world.gateways, 1);
    const { user, volunteer, chatId } = await world.chat();
    const [userSocket, volunteerSocket] = [await world.connect(user, 1), await world.connect(volunteer, 2)];
    // Nothing can be written to the conversation while we hold it.
    const holder = await world.sql.connect();
    let stopping: Promise<void>;
    let taken: ReturnType<TestSocket['send']>;
    try {
      await holder.query('BEGIN');
      await holder.query('SELECT FROM conversations WHERE id = $1 FOR UPDATE', [chatId]);
      taken = userSocket.send(chatId, 'just before');
      await eventually('the message waits for its commit', async () => {
        const { rows } = await world.sql.query(
          `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
        );
        return rows.length > 0;
      });
      stopping = leaving.stop();
      await userSocket.next('server_draining');
      expect(await userSocket.send(chatId, 'too late')).toMatchObject({
        ok: false,
        error: { code: 'unavailable' },
      });
      const late = io(`http://127.0.0.1:${leaving.port}`, {
        auth: { token: user.token },
        transports: ['websocket'],
        forceNew: true,
      });
      // It goes on trying until it reaches another replica.
      let refusals = 0;
      late.on('connect_error', () => refusals++);
      await eventually('it has been refused twice', () => refusals === 2);
      late.disconnect();
      expect(await knock(leaving.port)).toBe(503);
      expect(userSocket.socket.connected).toBe(true);
    } finally {
      await holder.query('ROLLBACK');
      holder.release();
    }
    expect(await taken).toMatchObject({ ok: true, seq: 1 });
    await stopping;
    expect(await volunteerSocket.next('chat_message')).toMatchObject({ message: 'just before' });
    const again = await world.connect(user, 2);
    expect(await again.send(chatId, 'elsewhere')).toMatchObject({ ok: true, seq: 2 });
    await volunteerSocket.next('chat_message', ({ seq }) => seq === 2);
  });
});
