import { createTestDatabase, type OwnServer, startRedis, type TestDatabase } from '@kindline/testing';
import { Redis } from 'ioredis';
import { Connections } from '../src/sockets/connections';
import { done } from './companion-kit';
import {
  counselingFile,
  endSession,
  enter,
  refusedWith,
  requestSession,
  session,
  sessionsOf,
  talk,
  text,
} from './counseling-kit';
import { at, eventually, type TestPerson, World } from './kit';

const RETENTION_MS = 6_000;
const INVALID = { code: 4001, message: 'Invalid session' };

describe('a session that nobody speaks in any more', () => {
  let database: TestDatabase;
  let server: OwnServer;
  let redis: Redis;
  let world: World;

  beforeAll(async () => {
    database = await createTestDatabase();
    server = await startRedis();
    redis = new Redis(server.url);
    redis.on('error', () => undefined);
    const more = { PROGRAMS_FILE: counselingFile({ retention: `${RETENTION_MS}ms` }) };
    world = await World.start(database.url, { gateways: 2, redisUrl: server.url, more });
  }, 60_000);
  afterAll(async () => {
    await world.stop();
    redis.disconnect();
    await server.dispose();
    await database.drop();
  });

  const keysOf = (sessionId: string): Promise<string[]> => redis.keys(`*${sessionId}*`);
  const lifetimes = async (sessionId: string): Promise<number[]> =>
    Promise.all((await keysOf(sessionId)).map((key) => redis.pttl(key)));
  const rows = async (sessionId: string): Promise<number> => {
    const { rowCount } = await world.sql.query('SELECT FROM anonymous_sessions WHERE id = $1', [sessionId]);
    return rowCount ?? 0;
  };
  const port = (): number => at(world.gateways, 0).port;

  it('keeps all its keys under one hash tag, and each for the retention at most', async () => {
    const own = await session(world, 'Sleep');
    const [student, helper] = await talk(world, own);
    done(await student.say('one', 'client-1'));
    done(await helper.say('two'));
    const keys = await keysOf(own.sessionId);
    const base = `chat:session:{${own.sessionId}}`;
    expect(keys.sort()).toEqual([base, `${base}:messages`, `${base}:seats`]);
    const left = await lifetimes(own.sessionId);
    expect(left.every((ms) => ms > 0 && ms <= RETENTION_MS)).toBe(true);
    expect(Math.max(...left) - Math.min(...left)).toBeLessThan(250);
    own.counsellor.close();
  });

  it('moves them together with every message and sign of typing, and with nothing else', async () => {
    const own = await session(world);
    const [student, helper] = await talk(world, own);
    done(await helper.say('hello', 'first'));
    const wait = async (): Promise<void> => {
      await eventually('some time has passed', async () =>
        (await lifetimes(own.sessionId)).every((ms) => ms < RETENTION_MS - 700),
      );
    };
    await wait();
    done(await student.history());
    done(await student.ask('typing', { on: false }));
    done(await helper.say('hello', 'first'));
    await sessionsOf(world, own.student);
    await enter(world, own.studentToken);
    await requestSession(world, own.student);
    expect((await lifetimes(own.sessionId)).every((ms) => ms < RETENTION_MS - 700)).toBe(true);
    for (const act of [() => student.say('still there'), () => student.ask('typing', { on: true })]) {
      await wait();
      done(await act());
      const left = await lifetimes(own.sessionId);
      expect(left.every((ms) => ms > RETENTION_MS - 700)).toBe(true);
      expect(Math.max(...left) - Math.min(...left)).toBeLessThan(250);
    }
    own.counsellor.close();
  });

  it('tells both how long it is kept, and when it is forgotten unless something happens', async () => {
    const own = await session(world);
    const [student] = await talk(world, own);
    const told = async (person: TestPerson): Promise<number> => {
      const [view = {}] = await sessionsOf(world, person);
      expect(view['forgottenAfterMs']).toBe(RETENTION_MS);
      return Date.parse(text(view, 'forgottenAt'));
    };
    const isNow = async (person: TestPerson): Promise<void> => {
      const at = await told(person);
      const [left = 0] = await lifetimes(own.sessionId);
      expect(Math.abs(at - Date.now() - left)).toBeLessThan(250);
    };
    await isNow(own.student);
    await isNow(own.counsellor.person);
    const before = await told(own.student);
    await eventually('some time has passed', async () =>
      (await lifetimes(own.sessionId)).every((ms) => ms < RETENTION_MS - 500),
    );
    expect(Math.abs((await told(own.student)) - before)).toBeLessThan(5);
    done(await student.say('still there'));
    expect(await told(own.counsellor.person)).toBeGreaterThan(before + 400);
    await isNow(own.student);
    const again = await requestSession(world, own.student);
    expect(Object.keys(again.body).sort()).toEqual(['chatServiceUrl', 'chatToken', 'sessionId', 'status']);
    own.counsellor.close();
  });

  it('is forgotten everywhere, and both are told', async () => {
    const own = await session(world, 'Home');
    const [student, helper] = await talk(world, own);
    done(await student.say('the last word'));
    const end = { sessionId: own.sessionId, endedBy: 'system', reason: 'expired' };
    expect(await student.next('session_ended', undefined, 20_000)).toEqual(end);
    expect(await helper.next('session_ended', undefined, 20_000)).toEqual(end);
    expect(await own.counsellor.next('session_ended')).toEqual(end);
    await eventually('its row is gone', async () => (await rows(own.sessionId)) === 0);
    expect(await keysOf(own.sessionId)).toEqual([]);
    for (const token of [own.studentToken, own.counsellorToken])
      expect(await refusedWith(port(), token)).toEqual(INVALID);
    expect(await endSession(world, own.student, own.sessionId)).toMatchObject({
      status: 404,
      body: { code: 'not_found', session_code: 4001 },
    });
    expect(await sessionsOf(world, own.student)).toEqual([]);
    // Their counsellor is free again, and they may ask again.
    const again = await requestSession(world, own.student);
    expect(again).toMatchObject({ status: 201, body: { status: 'active' } });
    own.counsellor.close();
  }, 40_000);

  it('is forgotten after it was ended as well, by then and not later', async () => {
    const own = await session(world);
    const student = await enter(world, own.studentToken);
    done(await student.say('goodbye'));
    await endSession(world, own.student, own.sessionId);
    await student.next('session_ended');
    const [left = 0] = await lifetimes(own.sessionId);
    expect(left).toBeLessThanOrEqual(RETENTION_MS);
    expect(await refusedWith(port(), own.studentToken)).toEqual(INVALID);
    await eventually('its row is gone', async () => (await rows(own.sessionId)) === 0, 20_000);
    expect(await keysOf(own.sessionId)).toEqual([]);
    own.counsellor.close();
  }, 40_000);

  it('is over when Redis has lost it, and nothing hangs', async () => {
    const own = await session(world);
    const [student, helper] = await talk(world, own);
    done(await student.say('before'));
    await server.kill();
    expect(await student.say('while Redis is away')).toMatchObject({
      ok: false,
      error: { code: 'unavailable' },
    });
    const away = await requestSession(world, own.student);
    expect(away).toMatchObject({ status: 503, body: { code: 'unavailable' } });
    await server.start();
    const end = { sessionId: own.sessionId, endedBy: 'system', reason: 'expired' };
    expect(await student.next('session_ended', undefined, 20_000)).toEqual(end);
    expect(await helper.next('session_ended', undefined, 20_000)).toEqual(end);
    expect(await refusedWith(port(), own.studentToken)).toEqual(INVALID);
    await eventually('its row is gone', async () => (await rows(own.sessionId)) === 0, 20_000);
    expect(await endSession(world, own.student, own.sessionId)).toMatchObject({
      status: 404,
      body: { session_code: 4001 },
    });
    const again = await eventually('they can ask again', async () => {
      const { status, body } = await requestSession(world, own.student);
      return status === 201 ? body : undefined;
    });
    const chat = await enter(world, text(again, 'chatToken'));
    done(await chat.say('after'));
    own.counsellor.close();
  }, 60_000);

  it('is over at once for who asks for it when Redis is emptied and nobody is in it', async () => {
    const own = await session(world);
    await redis.flushall();
    expect(await endSession(world, own.student, own.sessionId)).toMatchObject({
      status: 404,
      body: { session_code: 4001 },
    });
    expect(await rows(own.sessionId)).toBe(0);
    own.counsellor.close();
  });

  it('is over as well when all of Redis is emptied under it', async () => {
    // Those of the tests before would be given it; Redis, which was just emptied, does not know them yet.
    await eventually('other counsellors have left', () =>
      world.gateways.every(({ app }) => app.get(Connections).helpers.get('counselor')?.size === 0),
    );
    const own = await session(world);
    const student = await enter(world, own.studentToken);
    await redis.flushall();
    expect(await student.next('session_ended')).toMatchObject({ reason: 'expired' });
    await eventually('its row is gone', async () => (await rows(own.sessionId)) === 0);
    own.counsellor.close();
  });
});
