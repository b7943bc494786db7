import { LEASE_MS, PresenceDirectory, RETURN_MS } from '@kindline/domain';
import { createTestDatabase, signToken, type TestDatabase } from '@kindline/testing';
import { REDIS } from '@kindline/platform';
import type { Redis } from 'ioredis';
import { DataSource } from 'typeorm';
import { Absence } from '../src/sockets/absence';
import { Connections } from '../src/sockets/connections';
import { PresenceLease } from '../src/sockets/presence-lease';
import { at, eventually, pushDue, type TestPerson, type TestSocket, World } from './kit';

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

  async function idOf({ sub }: TestPerson): Promise<string> {
    const { rows } = await world.sql.query<{ id: string }>('SELECT id FROM people WHERE sub = $1', [sub]);
    return at(rows, 0).id;
  }

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

  it('keeps the moment of a push that waits already, when they leave', async () => {
    const { user, volunteer, chatId } = await world.chat();
    const [userSocket, volunteerSocket] = [await world.connect(user, 0), await world.connect(volunteer, 1)];
    await userSocket.send(chatId, 'hello');
    await volunteerSocket.next('chat_message');
    const throttled = new Date('2040-01-01T00:00:00.000Z');
    await world.sql.query(
      `UPDATE conversation_members SET push_due_at = $2 WHERE conversation_id = $1 AND role = 'helper'`,
      [chatId, throttled],
    );
    const query = jest.spyOn(at(world.gateways, 1).app.get(DataSource), 'query');
    volunteerSocket.close();
    await eventually('those who left were looked at', () =>
      query.mock.calls.some(([sql]) => sql.includes('SET push_due_at')),
    );
    query.mockRestore();
    await at(world.gateways, 1).app.get(Absence).flush();
    expect(await due(chatId, volunteer)).toEqual(throttled);
  });

  it('is nobody whom Redis forgot, once the gateway has renewed its lease', async () => {
    const { user, volunteer, chatId } = await world.chat();
    const [userSocket] = [await world.connect(user, 0), await world.connect(volunteer, 1)];
    await at(world.gateways, 1).app.get<Redis>(REDIS).flushall();
    for (const { app } of world.gateways) await app.get(PresenceLease).renew();
    await userSocket.send(chatId, 'hello');
    expect(await due(chatId, volunteer)).toBeNull();
  });

  /** Closes a socket of the second replica, and waits until everything that follows has been done. */
  async function leave({ socket }: TestSocket): Promise<void> {
    const gateway = at(world.gateways, 1).app;
    const { id } = socket;
    socket.disconnect();
    await eventually('the gateway has noticed', () =>
      [...gateway.get(Connections).all()].every((own) => own.id !== id),
    );
    // What it has told Redis has arrived before this.
    await gateway.get<Redis>(REDIS).ping();
    await gateway.get(Absence).flush();
  }

  it('is nobody who is still connected by another socket', async () => {
    const { user, volunteer, chatId } = await world.chat();
    const userSocket = await world.connect(user, 0);
    const [phone, tablet] = [await world.connect(volunteer, 1), await world.connect(volunteer, 1)];
    await leave(phone);
    await userSocket.send(chatId, 'hello');
    await tablet.next('chat_message');
    expect(await due(chatId, volunteer)).toBeNull();
  });

  it('is who has just left, for what is written from then on', async () => {
    const { user, volunteer, chatId } = await world.chat();
    const [userSocket, volunteerSocket] = [await world.connect(user, 0), await world.connect(volunteer, 1)];
    await leave(volunteerSocket);
    await userSocket.send(chatId, 'hello');
    expect(await due(chatId, volunteer)).not.toBeNull();
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
    const volunteerId = await idOf(volunteer);
    await eventually('the directory has let go', async () => {
      const keys = await redis.keys('presence:people:*');
      const holds = await Promise.all(keys.map((key) => redis.sismember(key, volunteerId)));
      return holds.every((held) => held === 0);
    });
    await gateway.get(Absence).flush();
    expect(await due(chatId, volunteer)).toBeNull();
  });

  it('is who was connected by a token that has expired', async () => {
    const person = await world.person('user');
    const token = await signToken(
      { sub: person.sub, email: person.email, roles: ['user'] },
      { secret: world.env.JWT_SECRET, expiresIn: '3s' },
    );
    const { socket, seen } = await world.connect({ ...person, token });
    await eventually('the socket is dropped', () => !socket.connected);
    expect(seen.at(-1)).toMatchObject({ event: 'error', payload: { code: 'unauthenticated' } });
  });

  it('is who was connected to a gateway whose lease has lapsed', async () => {
    const { user, volunteer, chatId } = await world.chat();
    const userSocket = await world.connect(user, 0);
    const redis = at(world.gateways, 0).app.get<Redis>(REDIS);
    const { rows } = await world.sql.query<{ id: string }>('SELECT id FROM people WHERE sub = $1', [
      volunteer.sub,
    ]);
    await redis.sadd('presence:people:lapsed-gateway', at(rows, 0).id);
    await redis.zadd('presence:gateways', Date.now() - 1, 'lapsed-gateway');
    await userSocket.send(chatId, 'hello');
    expect(await due(chatId, volunteer)).not.toBeNull();
  });

  it('is who had fallen silent on a gateway before that gateway died', async () => {
    const { user, volunteer, chatId } = await world.chat();
    const gateway = at(world.gateways, 0).app;
    const redis = gateway.get<Redis>(REDIS);
    const { rows } = await world.sql.query<{ id: string }>('SELECT id FROM people WHERE sub = $1', [
      volunteer.sub,
    ]);
    await redis.sadd('presence:people:silent-gateway', at(rows, 0).id);
    await redis.zadd('presence:gateways', Date.now() + 3_000, 'silent-gateway');
    await (await world.connect(user, 0)).send(chatId, 'are you there?');
    expect(await due(chatId, volunteer)).toBeNull();
    // Emitted before the lease was renewed for the last time, within what a ping takes to notice.
    await world.sql.query(
      `WITH sent AS (UPDATE messages SET created_at = created_at - interval '40 s' WHERE conversation_id = $1)
      UPDATE conversations SET last_message_at = last_message_at - interval '40 s' WHERE id = $1`,
      [chatId],
    );
    await redis.zadd('presence:gateways', Date.now() - 1, 'silent-gateway');
    await gateway.get(Absence).sweep();
    expect(await due(chatId, volunteer)).not.toBeNull();
  });

  it('is who had fallen silent on a gateway before that gateway began to hang up', async () => {
    const { user, volunteer, chatId } = await world.chat();
    const gateway = at(world.gateways, 0).app;
    const presence = new PresenceDirectory(gateway.get<Redis>(REDIS));
    await presence.renew('leaving-gateway');
    await presence.enter('leaving-gateway', await idOf(volunteer));
    await (await world.connect(user, 0)).send(chatId, 'are you there?');
    expect(await due(chatId, volunteer)).toBeNull();
    // A minute ago, and the gateway took 20 s for its connections: more than what a ping takes before it was gone.
    await world.sql.query(
      `WITH sent AS (UPDATE messages SET created_at = created_at - interval '60 s' WHERE conversation_id = $1)
      UPDATE conversations SET last_message_at = last_message_at - interval '60 s' WHERE id = $1`,
      [chatId],
    );
    const now = Date.now();
    await presence.releaseLater('leaving-gateway', now - 20_000, now - RETURN_MS - 1);
    await gateway.get(Absence).sweep();
    expect(await due(chatId, volunteer)).not.toBeNull();
    expect(await presence.lapsed()).toEqual([]);
  });

  it('is found again from a lapsed lease when the database was away at the first try', async () => {
    const { user, volunteer, chatId } = await world.chat();
    const gateway = at(world.gateways, 0).app;
    const redis = gateway.get<Redis>(REDIS);
    const volunteerId = await idOf(volunteer);
    const lease = { id: 'dead-gateway', people: 'presence:people:dead-gateway' };
    await redis.sadd(lease.people, volunteerId);
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

  it('is known again at the next renewal when an arrival and a departure both failed to reach Redis', async () => {
    const { app } = at(world.gateways, 0);
    const directory = app.get(PresenceDirectory);
    const [arriving, leaving] = [await world.person('user'), await world.person('user')];
    const ids = await Promise.all([arriving, leaving].map(idOf));
    const online = async (): Promise<boolean[]> => {
      const found = await directory.online(ids);
      return ids.map((id) => found.has(id));
    };
    const leavingSocket = await world.connect(leaving, 0);
    await eventually('the directory knows who will leave', async () => (await online())[1]);
    const away = () => Promise.reject(new Error('Redis is away'));
    const [enter, leave] = [
      jest.spyOn(directory, 'enter').mockImplementation(away),
      jest.spyOn(directory, 'leave').mockImplementation(away),
    ];
    await world.connect(arriving, 0);
    leavingSocket.close();
    await eventually('both have failed', () => enter.mock.calls.length + leave.mock.calls.length === 2);
    enter.mockRestore();
    leave.mockRestore();
    await app.get(PresenceLease).renew();
    expect(await online()).toEqual([true, false]);
  });

  it('is found from a lease that lapsed long ago: what was sent shortly before its last renewal counts', async () => {
    const { user, volunteer, chatId } = await world.chat();
    const gateway = at(world.gateways, 0).app;
    const redis = gateway.get<Redis>(REDIS);
    const lease = { id: 'long-dead-gateway', people: 'presence:people:long-dead-gateway' };
    await redis.sadd(lease.people, await idOf(volunteer));
    await redis.zadd('presence:gateways', Date.now() + LEASE_MS, lease.id);
    await (await world.connect(user, 0)).send(chatId, 'hello');
    expect(await due(chatId, volunteer)).toBeNull();

    const lapsedAt = Date.now() - 10 * 60_000;
    const sentAt = new Date(lapsedAt - LEASE_MS - 30_000);
    await world.sql.query('UPDATE messages SET created_at = $2 WHERE conversation_id = $1', [chatId, sentAt]);
    await world.sql.query('UPDATE conversations SET last_message_at = $2 WHERE id = $1', [chatId, sentAt]);
    await redis.zadd('presence:gateways', lapsedAt, lease.id);
    await gateway.get(Absence).sweep();
    expect(await due(chatId, volunteer)).not.toBeNull();
    expect(await redis.exists(lease.people)).toBe(0);
  });
});
