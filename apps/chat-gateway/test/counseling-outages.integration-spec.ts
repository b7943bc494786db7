import {
  type Build,
  buildServices,
  createTestDatabase,
  type OwnServer,
  startRedis,
  startServiceProcess,
  type TestDatabase,
} from '@kindline/testing';
import { Redis } from 'ioredis';
import { CHAT_REDIS } from '../src/counseling/chat-redis';
import { ChatRooms } from '../src/counseling/chat-rooms';
import { announced, done } from './companion-kit';
import {
  ChatSocket,
  counselingFile,
  counsellor,
  endSession,
  enter,
  refusedWith,
  requestSession,
  session,
  type Session,
  talk,
} from './counseling-kit';
import { at, eventually, World } from './kit';
import { Subscriptions } from './unheard';

jest.setTimeout(60_000);

describe('anonymous sessions when something fails', () => {
  let database: TestDatabase;
  let server: OwnServer;
  let redis: Redis;
  let world: World;

  beforeAll(async () => {
    database = await createTestDatabase();
    server = await startRedis();
    redis = new Redis(server.url);
    const more = { PROGRAMS_FILE: counselingFile({ lostAfter: '500ms' }) };
    world = await World.start(database.url, { gateways: 2, redisUrl: server.url, more });
  });
  // Nobody's student is left over for the next test's counsellor.
  afterEach(() => world.sql.query('DELETE FROM anonymous_sessions'));
  afterAll(async () => {
    await world.stop();
    redis.disconnect();
    await server.dispose();
    await database.drop();
  });

  const port = (): number => at(world.gateways, 0).port;
  const keyOf = ({ sessionId }: Session): string => `chat:session:{${sessionId}}`;
  const dump = async (own: Session): Promise<Buffer> => {
    const bytes = await redis.dumpBuffer(keyOf(own));
    if (!bytes) throw new Error('there is no such session');
    return bytes;
  };
  /** Redis falls back to what it had, as a replica does that was behind; everybody has to connect anew. */
  const fallBack = async (own: Session, bytes: Buffer): Promise<void> => {
    await redis.restore(keyOf(own), 60_000, bytes, 'REPLACE');
    await redis.client('KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  };

  describe('a Redis that falls back to an older state', () => {
    it('lets nobody into a session again that has ended', async () => {
      const own = await session(world);
      const bytes = await dump(own);
      await endSession(world, own.student, own.sessionId);
      await announced(world);
      await fallBack(own, bytes);
      await eventually(
        'it has ended there, too',
        async () => (await redis.hget(keyOf(own), 'status')) === 'ended',
      );
      for (const token of [own.studentToken, own.counsellorToken])
        expect(await refusedWith(port(), token)).toMatchObject({ code: 4001 });
      own.counsellor.close();
    });

    it('gives a session back to nobody who was replaced', async () => {
      const own = await session(world);
      const bytes = await dump(own);
      own.counsellor.close();
      const student = await enter(world, own.studentToken);
      await student.next('counseling:queue');
      const next = await counsellor(world, 1);
      const { chatToken } = await next.next('counseling:assigned', (one) => one.sessionId === own.sessionId);
      await announced(world);
      await fallBack(own, bytes);
      await eventually(
        "it is the second one's again",
        async () => (await redis.hget(keyOf(own), 'version')) === '4',
      );
      expect(await refusedWith(port(), own.counsellorToken)).toMatchObject({ code: 4003 });
      // Under a new name, of which they are told: the one it had is lost.
      await next.next(
        'counseling:assigned',
        (one) => one.sessionId === own.sessionId && one.chatToken !== chatToken,
      );
      const [again] = (await world.api('GET', '/api/chat/sessions', next.person)).body['sessions'] as {
        chatToken: string;
      }[];
      expect(again?.chatToken).not.toBe(chatToken);
      const helper = await enter(world, again?.chatToken ?? '', 1);
      done(await helper.say('I am here.'));
      await student.next('message', ({ content }) => content === 'I am here.');
      next.close();
    });

    it('shows what is said in the place of what it has lost, under ids of its own', async () => {
      const own = await session(world);
      const [student, helper] = await talk(world, own);
      const first = [];
      for (let n = 0; n < 6; n++) first.push(done(await student.say(`old ${n}`)).id);
      await eventually('all are shown', () => helper.texts.length === 6);
      await redis.rpop(`${keyOf(own)}:messages`, 3);
      const second = [];
      for (let n = 0; n < 5; n++) second.push(done(await student.say(`new ${n}`)).id);
      await eventually('the new ones are shown, too', () => helper.texts.length === 11);
      expect(helper.texts.slice(6)).toEqual(['new 0', 'new 1', 'new 2', 'new 3', 'new 4']);
      expect(new Set([...first, ...second]).size).toBe(11);
      own.counsellor.close();
    });
  });

  it('tells both of an assignment whose news are lost', async () => {
    const subscriptions = new Subscriptions(world);
    const helper = await counsellor(world);
    const person = await world.person('student');
    const student = await world.connect(person, 1);
    await subscriptions.unheard(() => requestSession(world, person));
    subscriptions.close();
    const { rows } = await world.sql.query<{ id: string }>(
      `SELECT s.id FROM anonymous_sessions s JOIN people p ON p.id = s.seeker_id WHERE p.sub = $1 AND s.status = 'active'`,
      [person.sub],
    );
    const { id } = at(rows, 0);
    for (const socket of [helper, student])
      await socket.next('counseling:assigned', (one) => one.sessionId === id);
    helper.close();
  });

  it('gives a seat back though Redis was away when its socket left', async () => {
    const own = await session(world);
    const [student] = await talk(world, own);
    const { id = '' } = student.socket;
    const gateway = at(world.gateways, 0).app;
    expect(await redis.hexists(`${keyOf(own)}:seats`, id)).toBe(1);
    student.socket.io.engine.close();
    gateway.get<Redis>(CHAT_REDIS).disconnect(true);
    await eventually('the socket is gone', () => !gateway.get(ChatRooms).has(own.sessionId, 'seeker'));
    await eventually('the seat is free', async () => (await redis.hexists(`${keyOf(own)}:seats`, id)) === 0);
    own.counsellor.close();
  });

  it('says that it cannot now while Redis is full', async () => {
    const own = await session(world);
    const student = await enter(world, own.studentToken);
    await redis.config('SET', 'maxmemory', '1');
    try {
      expect(await student.say('hello')).toMatchObject({ ok: false, error: { code: 'unavailable' } });
      const asked = await requestSession(world, await world.person('student'));
      expect(asked).toMatchObject({ status: 503, body: { code: 'unavailable' } });
    } finally {
      await redis.config('SET', 'maxmemory', '0');
    }
    done(await student.say('hello'));
    own.counsellor.close();
  });

  it('shows a counsellor who was replaced nothing more, from that moment on', async () => {
    const own = await session(world);
    const [student, helper] = await talk(world, own);
    done(await student.say('before'));
    await helper.next('message');
    // The news of it does not come: as if Redis had changed alone.
    await redis.hset(keyOf(own), 'helper', 'anon_somebody_else', 'version', 3);
    done(await student.say('for somebody else'));
    expect(await helper.history()).toMatchObject({ ok: false, error: { code: 'conversation_ended' } });
    await helper.next('session_ended', ({ reason }) => reason === 'counselor_lost');
    expect(helper.texts).toEqual(['before']);
    own.counsellor.close();
  });

  describe('a gateway that is killed', () => {
    let compiled: Build;
    beforeAll(() => {
      compiled = buildServices();
    });
    afterAll(() => compiled.remove());

    it('leaves nobody untold of what was said while they still seemed to be there', async () => {
      const victim = world.stopLater(await startServiceProcess(compiled, 'chat-gateway', world.env));
      const own = await session(world);
      const student = await ChatSocket.connect(victim.port, own.studentToken);
      const helper = await enter(world, own.counsellorToken);
      const due = async (): Promise<unknown> => {
        const { rows } = await world.sql.query<{ due: Date | null }>(
          'SELECT seeker_push_due_at AS due FROM anonymous_sessions WHERE id = $1',
          [own.sessionId],
        );
        return at(rows, 0).due;
      };
      await world.sql.query('UPDATE anonymous_sessions SET seeker_push_due_at = NULL');
      await victim.kill();
      done(await helper.say('Are you still there?'));
      expect(await due()).toBeNull();
      await eventually('a push is due', async () => (await due()) !== null, 30_000);
      expect(await redis.hlen(`${keyOf(own)}:seats`)).toBe(1);
      student.close();
      own.counsellor.close();
    });
  });
});
