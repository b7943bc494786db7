import { createTestDatabase, type TestDatabase } from '@kindline/testing';
import { Redis } from 'ioredis';
import { done } from './companion-kit';
import { type ChatSocket, enter, session, type Session } from './counseling-kit';
import { eventually, World } from './kit';

let database: TestDatabase;
let world: World;
let redis: Redis;

beforeAll(async () => {
  database = await createTestDatabase();
  world = await World.start(database.url, { gateways: 2 });
  redis = new Redis(world.env.REDIS_URL);
}, 60_000);
afterAll(async () => {
  redis.disconnect();
  await world.stop();
  await database.drop();
});

const seqOf = (id: string): number => parseInt(id.slice(id.lastIndexOf(':') + 1), 10);
const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

/** Says so many things at once. @returns the places they were given */
async function sayAll(socket: ChatSocket, count: number): Promise<Set<number>> {
  const said = numbers(1, count).map((number) => socket.say(`${number}`, `client-${number}`));
  return new Set((await Promise.all(said)).map((answer) => seqOf(done(answer).id)));
}

async function sawInOrder(socket: ChatSocket, expected: number[]): Promise<void> {
  await eventually('all messages', () => socket.all('message').length >= expected.length);
  expect(socket.all('message').map(({ id }) => seqOf(id))).toEqual(expected);
}

async function ended({ counsellor }: Session): Promise<void> {
  counsellor.close();
}

describe('messages of a session', () => {
  it('are shown in one order at all gateways, and not to the socket that sent them', async () => {
    const own = await session(world);
    const sockets = await Promise.all([
      enter(world, own.studentToken, 0),
      enter(world, own.studentToken, 1),
      enter(world, own.counsellorToken, 0),
      enter(world, own.counsellorToken, 1),
    ]);
    const said = await Promise.all(sockets.map((socket) => sayAll(socket, 50)));
    // A student's two sockets have the same client ids: what one of them said first is not repeated.
    const all = numbers(1, 100);
    expect(new Set(said.flatMap((places) => [...places]))).toEqual(new Set(all));
    await Promise.all(
      sockets.map(async (socket) => {
        const origins = await redis.lrange(`chat:session:{${own.sessionId}}:messages`, 0, -1);
        const others = all.filter((seq) => !origins[seq - 1]?.includes(` ${socket.socket.id} `));
        await sawInOrder(socket, others);
      }),
    );
    await ended(own);
  });

  it('reach whoever comes to another gateway, from then on', async () => {
    const own = await session(world);
    const [student, helper] = [
      await enter(world, own.studentToken, 0),
      await enter(world, own.counsellorToken, 0),
    ];
    await sayAll(student, 20);
    const late = await enter(world, own.counsellorToken, 1);
    const places = [...(await sayAll(helper, 20))];
    await sawInOrder(late, places);
    await sawInOrder(student, places);
    await sawInOrder(helper, numbers(1, 20));
    late.close();
    helper.close();
    await eventually(
      'one seat',
      async () => (await redis.hlen(`chat:session:{${own.sessionId}}:seats`)) === 1,
    );
    const back = await enter(world, own.counsellorToken, 1);
    done(await student.say('Are you there?'));
    await back.next('message', ({ content }) => content === 'Are you there?');
    expect(back.texts).toHaveLength(1);
    await ended(own);
  });

  it('reach a gateway whose seats Redis has lost', async () => {
    const own = await session(world);
    const [student, helper] = [
      await enter(world, own.studentToken, 0),
      await enter(world, own.counsellorToken, 1),
    ];
    const seats = `chat:session:{${own.sessionId}}:seats`;
    await redis.del(seats);
    done(await student.say('Hello?'));
    await helper.next('message', ({ content }) => content === 'Hello?');
    await eventually('both seats', async () => (await redis.hlen(seats)) === 2);
    expect(await redis.pttl(seats)).toBeGreaterThan(0);
    done(await student.say('Again'));
    // At once: not by the next comparison.
    await helper.next('message', ({ content }) => content === 'Again', 2_000);
    await ended(own);
  });
});
