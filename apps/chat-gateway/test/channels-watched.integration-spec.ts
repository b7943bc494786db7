import { createTestDatabase, type TestDatabase } from '@kindline/testing';
import { NewsDesk } from '../src/delivery/news-desk';
import { announced, done } from './companion-kit';
import { at, makePerson, pushDue, type TestPerson, type TestSocket, World } from './kit';
import {
  act,
  add,
  agentOn,
  channelOf,
  compareAgain,
  join,
  known,
  open,
  post,
  send,
  seqsOn,
  updateOf,
} from './support-kit';
import { Subscriptions } from './unheard';

jest.setTimeout(60_000);

describe('channels that somebody watches who is no member', () => {
  let database: TestDatabase;
  let world: World;
  let subscriptions: Subscriptions;

  beforeAll(async () => {
    database = await createTestDatabase();
    world = await World.start(database.url);
    subscriptions = new Subscriptions(world);
  });
  afterAll(async () => {
    subscriptions.close();
    await world.stop();
    await database.drop();
  });
  afterEach(async () => {
    await subscriptions.mend();
    // Nobody of the next test is given what is left of this one.
    await world.sql.query(`UPDATE helper_profiles SET active = false`);
  });

  const supervisorOn = async (gateway: number): Promise<TestSocket> =>
    world.connect(await world.person('supervisor'), gateway);

  const full = (): Promise<unknown> =>
    world.sql.query(`UPDATE helper_profiles SET capacities = '{"support": 0}' WHERE active`);
  /** Only for the one who claims: a gateway that has just come back may look for somebody at any moment. */
  const withRoom = ({ sub }: TestPerson): Promise<unknown> =>
    world.sql.query(
      `UPDATE helper_profiles SET capacities = '{}' WHERE person_id = (SELECT id FROM people WHERE sub = $1)`,
      [sub],
    );

  /** Agents on these gateways who watch a channel that waits. */
  async function waitingFor(gateways: number[]) {
    const agents = await Promise.all(gateways.map((gateway) => agentOn(world, gateway)));
    await full();
    const user = await world.connect(await world.person('user'), 0);
    const channel = await open(world, user.person, { message: 'one' });
    for (const agent of agents) {
      await agent.next('channel:updated', updateOf(channel));
      done(await join(agent, channel));
    }
    await announced(world);
    return { agents, user, channel };
  }

  const told = (socket: TestSocket): string[] => socket.seen.map(({ event }) => event);
  const updates = (socket: TestSocket, channel: { id: string }): unknown[] =>
    socket.all('channel:updated').filter(updateOf(channel));
  /** What was emitted to it before is there afterwards. */
  const settle = async (...sockets: TestSocket[]): Promise<void> => {
    await announced(world);
    for (const socket of sockets) await socket.sync('nothing', 0);
  };

  it('are heard by a supervisor on any gateway, in order and once, and by their members as ever', async () => {
    const agent = await agentOn(world, 1);
    const user = await world.connect(await world.person('user'), 1);
    const channel = await open(world, user.person, { message: 'one' });
    await agent.next('channel:message');
    const watching = [await supervisorOn(0), await supervisorOn(1)];
    for (const socket of watching) {
      expect(done(await join(socket, channel)).channel).toMatchObject({
        last_seq: 1,
        members: { length: 2 },
      });
      done(await join(socket, channel));
    }
    await Promise.all(
      Array.from({ length: 30 }, (_, n) =>
        n % 3 === 0
          ? post(world, user.person, channel, `http ${n}`)
          : send(n % 3 === 1 ? user : agent, channel, `socket ${n}`),
      ),
    );
    done(await user.ask('channel:typing', { channelId: channel.id, on: true }));
    done(await agent.ask('channel:read', { channelId: channel.id, seq: 31 }));
    const second = await world.person('agent');
    channelOf(await add(world, agent.person, channel, second));
    for (const socket of [...watching, agent]) {
      await socket.next(
        'channel:updated',
        updateOf(channel, (one) => 'members' in one && one.members.length === 3),
      );
    }
    await settle(...watching, user, agent);
    for (const socket of watching) {
      expect(seqsOn(socket, channel)).toEqual(Array.from({ length: 30 }, (_, n) => n + 2));
      expect(socket.all('channel:typing')).toEqual([
        { channelId: channel.id, on: true, by: user.person.sub },
      ]);
      expect(socket.all('channel:read')).toEqual([{ channelId: channel.id, seq: 31, by: agent.person.sub }]);
      expect(updates(socket, channel)).toHaveLength(1);
      expect(told(socket)).not.toContain('messages:delivered');
      expect(await send(socket, channel, 'no')).toMatchObject({ error: { code: 'forbidden' } });
    }
    expect(agent.all('channel:typing')).toHaveLength(1);
    expect(new Set(seqsOn(agent, channel)).size).toBe(seqsOn(agent, channel).length);
    const { rows } = await world.sql.query(`SELECT FROM conversation_members WHERE conversation_id = $1`, [
      channel.id,
    ]);
    expect(rows).toHaveLength(3);
  });

  it('are heard where no member is, also by comparing with the database, until they are closed', async () => {
    const user = await world.connect(await world.person('user'), 0);
    const channel = await open(world, user.person, { message: 'one' });
    const supervisor = await supervisorOn(1);
    done(await join(supervisor, channel));
    await compareAgain(world);
    done(await send(user, channel, 'two'));
    await supervisor.next('channel:message', ({ seq }) => seq === 2);
    // A member who comes to that gateway takes nothing from who watches there.
    let again = user;
    await subscriptions.unheard(async () => {
      done(await send(user, channel, 'three'));
      again = await world.connect(user.person, 1);
    });
    await supervisor.next('channel:message', ({ seq }) => seq === 3);
    done(await send(user, channel, 'four'));
    await again.next('channel:message', ({ seq }) => seq === 4);
    again.close();
    await subscriptions.unheard(() => act(world, user.person, 'close', channel));
    await supervisor.next(
      'channel:updated',
      updateOf(channel, ({ status }) => status === 'closed'),
    );
    channelOf(await act(world, user.person, 'reopen', channel));
    done(await send(user, channel, 'five'));
    await settle(supervisor);
    expect(seqsOn(supervisor, channel)).toEqual([2, 3, 4]);
    expect(updates(supervisor, channel)).toHaveLength(1);
    done(await join(supervisor, channel));
    done(await send(user, channel, 'six'));
    await supervisor.next('channel:message', ({ seq }) => seq === 6);
    channelOf(await act(world, user.person, 'close', channel));
  });

  it('are heard by agents while they wait, and by the one alone who claims them afterwards', async () => {
    const { agents, user, channel } = await waitingFor([0, 1, 0]);
    const [first, second, third] = [at(agents, 0), at(agents, 1), at(agents, 2)];
    done(await send(user, channel, 'two'));
    for (const agent of agents) await agent.next('channel:message', ({ seq }) => seq === 2);
    await withRoom(second.person);
    const sending = Promise.all(
      Array.from({ length: 5 }, (_, n) => send(user, channel, `while claimed ${n}`)),
    );
    channelOf(await act(world, second.person, 'claim', channel));
    for (const { ok } of await sending) expect(ok).toBe(true);
    for (const agent of agents)
      await agent.next(
        'channel:updated',
        updateOf(channel, ({ claimed }) => claimed),
      );
    done(await send(user, channel, 'for the second'));
    done(await user.ask('channel:typing', { channelId: channel.id, on: true }));
    done(await send(second, channel, 'hello'));
    await second.next('channel:message', ({ seq }) => seq === 8);
    await settle(...agents);
    expect(seqsOn(second, channel)).toEqual([2, 3, 4, 5, 6, 7, 8]);
    for (const other of [first, third]) {
      expect(seqsOn(other, channel)).not.toContain(8);
      expect(other.seen.at(-1)).toEqual({
        event: 'channel:updated',
        payload: { channel: { id: channel.id, status: 'open', claimed: true } },
      });
      expect(updates(other, channel)).toHaveLength(2);
      expect(await join(other, channel)).toMatchObject({ error: { code: 'forbidden' } });
    }
    expect(updates(second, channel)).toHaveLength(2);
    expect(await pushDue(world.sql, channel.id, second.person.sub)).toBeNull();
  });

  it('go on for a supervisor who claims them as an agent, without a gap and without a repeat', async () => {
    const both = await makePerson(['agent', 'supervisor']);
    const [watching, beside] = [await world.connect(both, 1), await world.connect(both, 1)];
    await known(world, both, 'agent');
    const { agents, user, channel } = await waitingFor([0]);
    expect(done(await join(watching, channel)).channel.claimed).toBe(false);
    await withRoom(both);
    const sending = Promise.all(Array.from({ length: 20 }, (_, n) => send(user, channel, `message ${n}`)));
    channelOf(await act(world, both, 'claim', channel));
    await sending;
    done(await send(user, channel, 'the last'));
    for (const socket of [watching, beside]) await socket.next('channel:message', ({ seq }) => seq === 22);
    await settle(watching, beside, ...agents);
    expect(seqsOn(watching, channel)).toEqual(Array.from({ length: 21 }, (_, n) => n + 2));
    const all = seqsOn(beside, channel);
    expect(all).toEqual(all.map((_, n) => n + 23 - all.length));
    // That it waits, and that it is theirs.
    expect(updates(watching, channel)).toHaveLength(2);
  });

  it('show other agents nothing that overtakes the news of who has claimed them', async () => {
    const { agents, user, channel } = await waitingFor([0, 1]);
    const { rows } = await world.sql.query<{ id: string; version: number }>(
      `SELECT p.id, c.version FROM people p, conversations c WHERE p.sub = $1 AND c.id = $2`,
      [user.person.sub, channel.id],
    );
    const { id: userId, version } = at(rows, 0);
    const message = {
      id: '01900000-0000-7000-8000-000000000000',
      seq: 2,
      conversationId: channel.id,
      senderId: userId,
      senderSub: user.person.sub,
      senderEmail: null,
      content: 'for who has claimed it',
      type: 'text' as const,
      replyTo: null,
      createdAt: new Date().toISOString(),
    };
    const supervisor = await supervisorOn(1);
    done(await join(supervisor, channel));
    const batch = { id: channel.id, program: 'support' as const, version: version + 1, memberIds: [userId] };
    at(world.gateways, 1)
      .app.get(NewsDesk)
      .handlers['messages.appended.v1']({
        gatewayId: 'another',
        conversations: [{ ...batch, messages: [message] }],
      });
    await supervisor.next('channel:message', ({ seq }) => seq === 2);
    await settle(...agents);
    expect(seqsOn(at(agents, 1), channel)).toEqual([]);
  });

  it('are heard no more by a socket that has left, or whose agent helps no more', async () => {
    const { agents, user, channel } = await waitingFor([0, 1]);
    const [leaving, dismissed] = [at(agents, 0), at(agents, 1)];
    leaving.close();
    const change = { active: false };
    const path = `/api/volunteers/${dismissed.person.sub}`;
    await world.api('PATCH', path, await world.person('supervisor'), change);
    await compareAgain(world);
    done(await send(user, channel, 'two'));
    await settle(dismissed);
    expect(seqsOn(dismissed, channel)).toEqual([]);
  });
});
