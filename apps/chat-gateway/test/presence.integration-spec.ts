import { createTestDatabase, type TestDatabase } from '@kindline/testing';
import { REDIS } from '@kindline/platform';
import type { Redis } from 'ioredis';
import { DataSource } from 'typeorm';
import { Absence } from '../src/sockets/absence';
import { at, eventually, pushDue, World } from './kit';

jest.setTimeout(60_000);

describe('who is absent', () => {
  let database: TestDatabase;
  let world: World;

  beforeAll(async () => {
    database = await createTestDatabase();
    world = await World.start(database.url);
  });
  afterAll(async () => {
    await world.stop();
    await database.drop();
  });
  beforeEach(() => world.nobodyAvailable());

  const due = (chatId: string, { sub }: { sub: string }): Promise<Date | null> =>
    pushDue(world.sql, chatId, sub);

  it('is marked for a push by the first message, and the sender is not', async () => {
    const { user, volunteer, chatId } = await world.chat();
    const userSocket = await world.connect(user, 0);
    const before = Date.now();
    await userSocket.send(chatId, 'hello');
    const first = await due(chatId, volunteer);
    expect(first?.getTime()).toBeGreaterThanOrEqual(before);
    expect(first?.getTime()).toBeLessThan(before + 5_000);
    expect(await due(chatId, user)).toBeNull();
    await userSocket.send(chatId, 'another one folds into the same push');
    expect(await due(chatId, volunteer)).toEqual(first);
  });

  it('is nobody who is connected to another replica', async () => {
    const { user, volunteer, chatId } = await world.chat();
    const [userSocket, volunteerSocket] = [await world.connect(user, 0), await world.connect(volunteer, 1)];
    await userSocket.send(chatId, 'hello');
    await volunteerSocket.next('chat_message');
    expect(await due(chatId, volunteer)).toBeNull();
  });

  it('is who leaves just after a message that they have not opened', async () => {
    const { user, volunteer, chatId } = await world.chat();
    const [userSocket, volunteerSocket] = [await world.connect(user, 0), await world.connect(volunteer, 1)];
    await userSocket.send(chatId, 'hello');
    await volunteerSocket.next('chat_message');
    volunteerSocket.close();
    await eventually('marked', async () => (await due(chatId, volunteer)) !== null);
  });

  it('is nobody who had opened everything before they left', async () => {
    const { user, volunteer, chatId } = await world.chat();
    const [userSocket, volunteerSocket] = [await world.connect(user, 0), await world.connect(volunteer, 1)];
    await userSocket.send(chatId, 'hello');
    await volunteerSocket.next('chat_message');
    await volunteerSocket.ask('update_last_opened_volunteer', { chat_id: chatId });
    volunteerSocket.close();
    const gateway = at(world.gateways, 1).app;
    const redis = gateway.get<Redis>(REDIS);
    const { rows } = await world.sql.query<{ id: string }>('SELECT id FROM people WHERE sub = $1', [
      volunteer.sub,
    ]);
    await eventually('the directory has let go', async () => {
      const keys = await redis.keys('presence:people:*');
      const holds = await Promise.all(keys.map((key) => redis.sismember(key, at(rows, 0).id)));
      return holds.every((held) => held === 0);
    });
    await gateway.get(Absence).flush();
    expect(await due(chatId, volunteer)).toBeNull();
  });

  it('is found again from a lapsed lease when the database was away at the first try', async () => {
    const { user, volunteer, chatId } = await world.chat();
    const gateway = at(world.gateways, 0).app;
    const redis = gateway.get<Redis>(REDIS);
    const { rows } = await world.sql.query<{ id: string }>('SELECT id FROM people WHERE sub = $1', [
      volunteer.sub,
    ]);
    const lease = { id: 'dead-gateway', people: 'presence:people:dead-gateway' };
    await redis.sadd(lease.people, at(rows, 0).id);
    await redis.zadd('presence:gateways', Date.now() + 3_000, lease.id);
    // The directory still believes that the volunteer is connected.
    await (await world.connect(user, 0)).send(chatId, 'hello');
    expect(await due(chatId, volunteer)).toBeNull();

    const queries = world.gateways.map(({ app }) =>
      jest.spyOn(app.get(DataSource), 'query').mockRejectedValue(new Error('away')),
    );
    await redis.zadd('presence:gateways', Date.now() - 1, lease.id);
    await gateway.get(Absence).sweep();
    expect(await redis.exists(lease.people)).toBe(1);
    for (const query of queries) query.mockRestore();
    await gateway.get(Absence).sweep();
    expect(await due(chatId, volunteer)).not.toBeNull();
    expect(await redis.exists(lease.people)).toBe(0);
  });
});
