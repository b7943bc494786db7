import { ChannelMatching, CHANNELS_PROGRAM, type Program } from '@kindline/domain';
import { createTestDatabase, type TestDatabase } from '@kindline/testing';
import { done } from './companion-kit';
import { at, eventually, pushDue, type TestPerson, type TestSocket, World } from './kit';
import {
  act,
  add,
  agentsOf,
  channelOf,
  historyOf,
  join,
  known,
  list,
  open,
  post,
  send,
  seqsOn,
  show,
  updateOf,
} from './support-kit';

jest.setTimeout(60_000);

describe('support channels', () => {
  let database: TestDatabase;
  let world: World;
  const here: TestSocket[] = [];

  beforeAll(async () => {
    database = await createTestDatabase();
    world = await World.start(database.url, { apis: 2 });
  });
  afterEach(async () => {
    // Agents of one test must not be given the channels of another.
    const left = here.splice(0);
    for (const socket of left) socket.close();
    for (const { person } of left)
      if (person.sub.startsWith('agent')) await known(world, person, 'agent', false);
    await world.sql.query(
      `UPDATE conversations SET status = 'ended', ended_at = now(), waiting_since = NULL WHERE status = 'active'`,
    );
    await world.sql.query('UPDATE conversation_members SET open = false');
  });
  afterAll(async () => {
    await world.stop();
    await database.drop();
  });

  async function connect(person: TestPerson, gateway = 0): Promise<TestSocket> {
    const socket = await world.connect(person, gateway);
    here.push(socket);
    if (person.sub.startsWith('agent')) await known(world, person, 'agent');
    return socket;
  }

  it('let Alice and Bob talk live, and keep for Bob what was said while he was away', async () => {
    const [alice, bob] = [await world.person('user'), await world.person('agent')];
    const aliceSocket = await connect(alice, 0);
    const bobSocket = await connect(bob, 1);
    const channel = await open(world, alice, { subject: 'A transaction', message: 'It failed' });
    expect(channel).toEqual({
      id: expect.any(String),
      subject: 'A transaction',
      status: 'open',
      claimed: true,
      created_at: expect.any(String),
      closed_at: null,
      last_message_at: expect.any(String),
      last_seq: 1,
      members: [
        { sub: alice.sub, name: 'Robin', role: 'seeker' },
        { sub: bob.sub, name: 'Robin', role: 'helper' },
      ],
      read_by: [
        { sub: alice.sub, seq: 0 },
        { sub: bob.sub, seq: 0 },
      ],
      unread: 0,
    });
    // Whoever was given it may be gone before they hear of it.
    expect(await pushDue(world.sql, channel.id, bob.sub)).not.toBeNull();
    await world.sql.query('UPDATE conversation_members SET push_due_at = NULL');
    await bobSocket.next('channel:updated', updateOf(channel));
    await bobSocket.next('channel:message', ({ channelId, seq }) => channelId === channel.id && seq === 1);

    done(await join(aliceSocket, channel));
    const sent = done(await send(aliceSocket, channel, 'Can you help?'));
    expect(await bobSocket.next('channel:message', ({ seq }) => seq === 2)).toEqual({
      id: sent.id,
      channelId: channel.id,
      seq: 2,
      senderId: alice.sub,
      content: 'Can you help?',
      createdAt: sent.createdAt,
    });
    done(await send(bobSocket, channel, 'Of course'));
    await aliceSocket.next('channel:message', ({ seq }) => seq === 3);
    expect(seqsOn(aliceSocket, channel)).toEqual([1, 3]);

    bobSocket.close();
    await known(world, bob, 'agent', false);
    await aliceSocket.next('presence:changed', ({ sub, online }) => sub === bob.sub && !online);
    done(await send(aliceSocket, channel, 'Are you there?'));
    expect(await pushDue(world.sql, channel.id, bob.sub)).not.toBeNull();
    await world.sql.query('UPDATE conversation_members SET push_due_at = NULL');
    expect(await post(world, alice, channel, 'Hello?')).toMatchObject({ status: 201 });
    expect(await pushDue(world.sql, channel.id, bob.sub)).not.toBeNull();
    expect(await pushDue(world.sql, channel.id, alice.sub)).toBeNull();
    const again = await connect(bob, 0);
    expect((await historyOf(world, bob, channel)).map(({ content }) => content)).toEqual([
      'It failed',
      'Can you help?',
      'Of course',
      'Are you there?',
      'Hello?',
    ]);
    expect(seqsOn(again, channel)).toEqual([]);
    const conversations = (await world.api('GET', '/api/conversations', bob)).body['conversations'];
    expect(conversations).toMatchObject([{ id: channel.id, program: 'support', unread: 4 }]);
  });

  it('wait where nobody is online, are shown to agents who come, and are claimed by exactly one', async () => {
    const [user, ...agents] = [
      await world.person('user'),
      ...(await Promise.all([1, 2, 3, 4, 5].map(() => world.person('agent')))),
    ];
    // They have no room, so that nothing is given to them.
    await world.sql.query(`UPDATE helper_profiles SET capacities = '{"support": 0}'`);
    const sockets = await Promise.all(agents.map((agent, index) => connect(agent, index % 2)));
    const channel = await open(world, user, { message: 'hello' });
    expect(channel).toMatchObject({ claimed: false, status: 'open' });
    for (const socket of sockets) await socket.next('channel:updated', updateOf(channel));
    expect((await list(world, at(agents, 0), '?status=unclaimed')).map(({ id }) => id)).toContain(channel.id);
    expect((await act(world, at(agents, 0), 'claim', channel)).body).toMatchObject({ code: 'at_capacity' });
    await world.sql.query(`UPDATE helper_profiles SET capacities = '{}'`);
    const answers = await Promise.all(
      agents.map((agent, index) => act(world, agent, 'claim', channel, index % 2)),
    );
    const winners = answers.flatMap(({ status }, index) => (status === 200 ? [at(agents, index)] : []));
    expect(winners).toHaveLength(1);
    for (const { status, body } of answers)
      if (status !== 200) expect(body).toMatchObject({ code: 'already_claimed' });
    const [winner] = winners as [TestPerson];
    expect(channelOf(await act(world, winner, 'claim', channel))).toMatchObject({ claimed: true });
    for (const socket of sockets) {
      if (socket.person === winner) continue;
      const { channel: short } = await socket.next(
        'channel:updated',
        updateOf(channel, ({ claimed }) => claimed),
      );
      expect(short).toEqual({ id: channel.id, status: 'open', claimed: true });
    }
    const loser = agents.find((agent) => agent !== winner) as TestPerson;
    expect(await show(world, loser, channel)).toMatchObject({ status: 403 });
    expect(await post(world, loser, channel, 'me too')).toMatchObject({ status: 403 });
  });

  it('are given to an agent who comes online, the oldest first, up to their capacity', async () => {
    const user = await world.person('user');
    const agent = await world.person('agent');
    await world.sql.query(`UPDATE helper_profiles SET capacities = '{"support": 2}'`);
    const channels = [];
    for (let n = 0; n < 3; n++) channels.push(await open(world, user, { message: `channel ${n}` }));
    const socket = await connect(agent, 1);
    for (const channel of channels.slice(0, 2))
      await socket.next(
        'channel:updated',
        updateOf(channel, ({ claimed }) => claimed),
      );
    expect((await list(world, agent)).map(({ id, claimed }) => [id, claimed])).toEqual([
      [at(channels, 2).id, false],
      [at(channels, 1).id, true],
      [at(channels, 0).id, true],
    ]);
    // Room again: the third one.
    channelOf(await act(world, agent, 'close', at(channels, 0)));
    await socket.next(
      'channel:updated',
      updateOf(at(channels, 2), ({ claimed }) => claimed),
    );
    await world.sql.query(`UPDATE helper_profiles SET capacities = '{}'`);
  });

  it('go to the least loaded, also when many are opened at once on two replicas', async () => {
    const agents = await Promise.all([1, 2, 3, 4].map(() => world.person('agent')));
    await Promise.all(agents.map((agent, index) => connect(agent, index % 2)));
    const users = await Promise.all(Array.from({ length: 12 }, () => world.person('user')));
    const channels = await Promise.all(
      users.map((user, index) => open(world, user, { message: 'hi' }, index % 2)),
    );
    const shown = await Promise.all(channels.map((channel, index) => show(world, at(users, index), channel)));
    const holders = shown.flatMap((answer) => agentsOf(channelOf(answer)));
    expect(holders).toHaveLength(12);
    for (const { sub } of agents) expect(holders.filter((holder) => holder === sub)).toHaveLength(3);
  });

  it('are never given to two, however claims and the matching race', async () => {
    const agents = await Promise.all([1, 2, 3].map(() => world.person('agent')));
    const users = await Promise.all(Array.from({ length: 8 }, () => world.person('user')));
    const channels = await Promise.all(users.map((user) => open(world, user, { message: 'hi' })));
    const [arriving, ...claiming] = agents as [TestPerson, TestPerson, TestPerson];
    const arrival = connect(arriving, 0);
    await Promise.all(
      channels.flatMap((channel, index) =>
        claiming.map((agent, replica) => act(world, agent, 'claim', channel, (index + replica) % 2)),
      ),
    );
    await arrival;
    for (const [index, channel] of channels.entries())
      expect(agentsOf(channelOf(await show(world, at(users, index), channel)))).toHaveLength(1);
  });

  it('are no more than an agent has room for, also where a claim and the matching meet at their last place', async () => {
    const [user, agent] = [await world.person('user'), await world.person('agent')];
    await connect(agent, 0);
    await world.sql.query(`UPDATE helper_profiles SET capacities = '{"support": 0}'`);
    const [, second] = [await open(world, user), await open(world, user)];
    await world.sql.query(`UPDATE helper_profiles SET capacities = '{"support": 1}'`);
    const { app } = at(world.gateways, 0);
    const waiters = (count: number): Promise<unknown> =>
      eventually('they wait for the helper', async () => {
        const { rows } = await world.sql.query(
          `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
        );
        return rows.length >= count;
      });
    const client = await world.sql.connect();
    await client.query('BEGIN');
    await client.query('SELECT FROM helper_profiles FOR UPDATE');
    const claim = act(world, agent, 'claim', second);
    await waiters(1);
    const matching = app.get(ChannelMatching).run(app.get<Program>(CHANNELS_PROGRAM));
    await waiters(2);
    await client.query('COMMIT');
    client.release();
    await Promise.all([claim, matching]);
    const { rows } = await world.sql.query(`SELECT FROM conversation_members WHERE open AND role = 'helper'`);
    expect(rows).toHaveLength(1);
    await world.sql.query(`UPDATE helper_profiles SET capacities = '{}'`);
  });

  it('show an agent who is added what comes from then on, and nothing older', async () => {
    const [user, first, second] = [
      await world.person('user'),
      await world.person('agent'),
      await world.person('agent'),
    ];
    const firstSocket = await connect(first, 0);
    const channel = await open(world, user, { message: 'one' });
    for (const text of ['two', 'three']) done(await send(firstSocket, channel, text));
    const secondSocket = await connect(second, 1);
    const onSameGateway = await world.connect(second, 0);
    expect(channelOf(await add(world, first, channel, second)).members).toHaveLength(3);
    expect(channelOf(await add(world, first, channel, second)).members).toHaveLength(3);
    for (const socket of [secondSocket, onSameGateway])
      await socket.next(
        'channel:updated',
        updateOf(channel, (one) => 'members' in one && one.members.length === 3),
      );
    await post(world, user, channel, 'four');
    for (const socket of [secondSocket, onSameGateway]) {
      await socket.next('channel:message', ({ seq }) => seq === 4);
      expect(seqsOn(socket, channel)).toEqual([4]);
    }
    onSameGateway.close();
    expect(await add(world, first, channel, user)).toMatchObject({ status: 400 });
    expect(await add(world, first, channel, await world.person('user'))).toMatchObject({
      status: 400,
      body: { code: 'validation_failed', errors: [{ path: 'sub' }] },
    });
    expect(await add(world, first, channel, { sub: 'nobody' })).toMatchObject({ status: 404 });
    expect(await add(world, user, channel, second)).toMatchObject({ status: 403 });
  });

  it('are closed, refuse messages, and are opened again with the agents who have room', async () => {
    const [user, agent] = [await world.person('user'), await world.person('agent')];
    const userSocket = await connect(user, 0);
    const agentSocket = await connect(agent, 1);
    const channel = await open(world, user, { message: 'one' });
    const closed = channelOf(await act(world, user, 'close', channel));
    expect(closed).toMatchObject({ status: 'closed', closed_at: expect.any(String), claimed: true });
    expect(channelOf(await act(world, user, 'close', channel))).toEqual(closed);
    for (const socket of [userSocket, agentSocket])
      await socket.next(
        'channel:updated',
        updateOf(channel, ({ status }) => status === 'closed'),
      );
    expect(await post(world, user, channel, 'still there?')).toMatchObject({
      status: 409,
      body: { code: 'conversation_ended' },
    });
    expect(await send(agentSocket, channel, 'no')).toMatchObject({ error: { code: 'conversation_ended' } });
    expect(await act(world, agent, 'claim', channel)).toMatchObject({ body: { code: 'conversation_ended' } });

    const reopened = channelOf(await act(world, user, 'reopen', channel));
    expect(reopened).toMatchObject({ status: 'open', closed_at: null, claimed: true });
    for (const socket of [userSocket, agentSocket]) {
      await socket.next(
        'channel:updated',
        ({ channel: one }) => one.id === channel.id && one.status === 'open',
      );
    }
    done(await send(agentSocket, channel, 'back'));
    await userSocket.next('channel:message', ({ seq }) => seq === 2);

    await act(world, user, 'close', channel);
    await world.sql.query(`UPDATE helper_profiles SET capacities = '{"support": 0}'`);
    expect(await act(world, agent, 'reopen', channel)).toMatchObject({ body: { code: 'at_capacity' } });
    expect(channelOf(await act(world, user, 'reopen', channel))).toMatchObject({ claimed: false });
    await world.sql.query(`UPDATE helper_profiles SET capacities = '{}'`);
    expect(await act(world, agent, 'reopen', channel)).toMatchObject({ status: 403 });
  });

  it('tell of typing, reading and presence, to their members only', async () => {
    const [user, agent, outsider] = [
      await world.person('user'),
      await world.person('agent'),
      await world.person('agent'),
    ];
    const agentSocket = await connect(agent, 1);
    const channel = await open(world, user, { message: 'one' });
    // Agents who come before these news are shown them, too.
    await agentSocket.next(
      'channel:updated',
      updateOf(channel, ({ claimed }) => claimed),
    );
    const outsiderSocket = await connect(outsider, 0);
    const userSocket = await connect(user, 0);
    await agentSocket.next('presence:changed', ({ sub, online }) => sub === user.sub && online);
    expect(done(await join(userSocket, channel)).presence).toEqual([
      { sub: user.sub, online: true, lastSeen: null },
      { sub: agent.sub, online: true, lastSeen: null },
    ]);
    done(await userSocket.ask('channel:typing', { channelId: channel.id, on: true }));
    expect(await agentSocket.next('channel:typing')).toEqual({
      channelId: channel.id,
      on: true,
      by: user.sub,
    });
    done(await agentSocket.ask('channel:read', { channelId: channel.id, seq: 1 }));
    expect(await userSocket.next('channel:read')).toEqual({ channelId: channel.id, seq: 1, by: agent.sub });
    await post(world, agent, channel, 'two');
    await world.api('POST', `/api/chat/channels/${channel.id}/read`, user, { seq: 2 });
    expect(await agentSocket.next('channel:read')).toEqual({ channelId: channel.id, seq: 2, by: user.sub });
    agentSocket.close();
    const left = await userSocket.next('presence:changed', ({ sub, online }) => sub === agent.sub && !online);
    expect(left.lastSeen).toEqual(expect.any(String));
    expect(done(await join(userSocket, channel)).presence).toContainEqual(left);
    await outsiderSocket.sync('nothing', 0);
    expect(outsiderSocket.seen.map(({ event }) => event)).toEqual(['connection_response']);
    expect(await join(outsiderSocket, channel)).toMatchObject({ error: { code: 'forbidden' } });
  });

  it('are seen by those who may, and by nobody else', async () => {
    const [user, other, agent, otherAgent] = [
      await world.person('user'),
      await world.person('user'),
      await world.person('agent'),
      await world.person('agent'),
    ];
    const [supervisor, volunteer] = [await world.person('supervisor'), await world.person('volunteer')];
    const channel = await open(world, user, { message: 'one' });
    const statuses = async (): Promise<Record<string, number>> => {
      const seen: Record<string, number> = {};
      const people = { user, other, agent, otherAgent, supervisor, volunteer };
      for (const [name, person] of Object.entries(people)) {
        const { status } = await show(world, person, channel);
        const messages = await world.api('GET', `/api/chat/channels/${channel.id}/messages`, person);
        expect([name, messages.status]).toEqual([name, status]);
        seen[name] = status;
      }
      return seen;
    };
    const others = { user: 200, other: 403, supervisor: 200, volunteer: 403 };
    expect(await statuses()).toEqual({ ...others, agent: 200, otherAgent: 200 });
    channelOf(await act(world, agent, 'claim', channel));
    expect(await statuses()).toEqual({ ...others, agent: 200, otherAgent: 403 });
    expect(await world.api('GET', '/api/chat/channels?status=unclaimed', user)).toMatchObject({
      status: 403,
    });
    expect((await list(world, supervisor)).map(({ id }) => id)).not.toContain(channel.id);
    expect(await act(world, otherAgent, 'close', channel)).toMatchObject({ status: 403 });
    expect(await act(world, user, 'claim', channel)).toMatchObject({ status: 403 });
    expect(channelOf(await act(world, supervisor, 'close', channel)).status).toBe('closed');
  });

  it('show messages over HTTP to sockets of all gateways in their order, and a retry once', async () => {
    const [user, agent] = [await world.person('user'), await world.person('agent')];
    const agentSocket = await connect(agent, 1);
    const userSocket = await connect(user, 0);
    const channel = await open(world, user, { message: 'first' });
    await agentSocket.next('channel:message', ({ seq }) => seq === 1);
    const posts = Array.from({ length: 40 }, (_, n) =>
      n % 2 === 0
        ? post(world, user, channel, `http ${n}`, `client-${n}`)
        : send(userSocket, channel, `socket ${n}`),
    );
    await Promise.all(posts);
    await agentSocket.next('channel:message', ({ seq }) => seq === 41);
    expect(seqsOn(agentSocket, channel)).toEqual(Array.from({ length: 41 }, (_, index) => index + 1));
    const first = await post(world, user, channel, 'once', 'the-same');
    const again = await post(world, user, channel, 'twice', 'the-same');
    expect(first.status).toBe(201);
    expect(again).toEqual(first);
    expect(first.body).toMatchObject({ seq: 42, content: 'once', sender_id: user.sub, type: 'text' });
    expect(await historyOf(world, user, channel)).toHaveLength(42);
  });
});
