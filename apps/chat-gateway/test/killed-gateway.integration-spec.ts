import {
  type Build,
  buildServices,
  createTestDatabase,
  type ServiceProcess,
  startServiceProcess,
  type TestDatabase,
} from '@kindline/testing';
import { Redis } from 'ioredis';
import { at, eventually, pushDue, TestSocket, World } from './kit';
import { expectWhole, keepTalking, pairs, settle, Talker } from './talk';

jest.setTimeout(180_000);

const PAIRS = 10;
const PER_SECOND = Number(process.env['KILL_TEST_RATE'] ?? 1_000);

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('kill -9 of a gateway under load', () => {
  let compiled: Build;
  let database: TestDatabase;
  let world: World;
  let victim: ServiceProcess;
  let survivor: ServiceProcess;
  let redis: Redis;

  const startGateway = () =>
    startServiceProcess(compiled, 'chat-gateway', { ...world.env, CHAT_GATEWAY_PORT: '0' });

  beforeAll(async () => {
    compiled = buildServices();
    database = await createTestDatabase();
    world = await World.start(database.url, { gateways: 0 });
    [victim, survivor] = await Promise.all([startGateway(), startGateway()]);
    redis = new Redis(world.env.REDIS_URL);
    world.stopLater(victim);
    world.stopLater(survivor);
  });
  afterAll(async () => {
    redis.disconnect();
    await world.stop();
    await database.drop();
    compiled.remove();
  });

  it('loses nothing that was acked, stores nothing twice, and brings both people of every chat in sync', async () => {
    const talkers: Talker[] = [];
    for (let pair = 0; pair < PAIRS; pair++) {
      const { user, volunteer, chatId } = await world.chat();
      const sides = [new Talker(user, chatId), new Talker(volunteer, chatId)] as const;
      // Some chats stand on both replicas, some wholly on the one that will die.
      await sides[0].connect(victim.port);
      await sides[1].connect(pair % 3 === 0 ? victim.port : survivor.port);
      talkers.push(...sides);
    }
    const onVictim = talkers.filter(({ socket }) => socket.socket.io.opts.port === String(victim.port));
    expect(onVictim.length).toBeGreaterThan(PAIRS);

    const load = keepTalking(talkers, PER_SECOND);
    await wait(3_000);
    const ackedBefore = talkers.reduce((sum, { acked }) => sum + acked.size, 0);
    await victim.kill();
    await Promise.all(
      onVictim.map(async (talker) => {
        await eventually('the socket is gone', () => !talker.socket.socket.connected);
        await talker.connect(survivor.port);
        await talker.sayAgain();
      }),
    );
    await wait(2_000);
    const sent = load.stop();
    await settle(talkers);
    // The measured figure matters more than the wish: a slower machine sends less, and says so here.
    expect(ackedBefore / 3).toBeGreaterThan(PER_SECOND / 4);
    if (process.env['SHOW']) process.stderr.write(`${sent} sent, ${ackedBefore} acked before the kill\n`);
    expect(talkers.reduce((sum, { acked }) => sum + acked.size, 0)).toBe(sent);
    expect(talkers.reduce((sum, { refused }) => sum + refused, 0)).toBe(0);

    for (const sides of pairs(talkers)) await expectWhole(world.sql, sides);
    for (const talker of talkers) talker.close();
  });

  it('marks those who were connected to it for a push within 30 s, and takes its lease away', async () => {
    const { user, volunteer, chatId } = await world.chat();
    const doomed = world.stopLater(await startGateway());
    const volunteerSocket = await TestSocket.connect(doomed.port, volunteer);
    const userSocket = await TestSocket.connect(survivor.port, user);
    await eventually(
      'the directory knows the volunteer',
      async () => (await leases(volunteer.sub)).length === 1,
    );
    await userSocket.send(chatId, 'did you get this?');
    await volunteerSocket.next('chat_message');
    expect(await pushDue(world.sql, chatId, volunteer.sub)).toBeNull();
    await doomed.kill();
    await userSocket.send(chatId, 'and this?');
    await eventually(
      'marked',
      async () => (await pushDue(world.sql, chatId, volunteer.sub)) !== null,
      30_000,
    );
    await eventually('released', async () => (await leases(volunteer.sub)).length === 0);
    expect(await pushDue(world.sql, chatId, user.sub)).toBeNull();
    userSocket.close();
  });

  /** The gateways that hold this person in the presence directory. */
  async function leases(sub: string): Promise<string[]> {
    const { rows } = await world.sql.query<{ id: string }>('SELECT id FROM people WHERE sub = $1', [sub]);
    const keys = await redis.keys('presence:people:*');
    const holds = await Promise.all(keys.map((key) => redis.sismember(key, at(rows, 0).id)));
    return keys.filter((_, index) => holds[index] === 1);
  }
});
