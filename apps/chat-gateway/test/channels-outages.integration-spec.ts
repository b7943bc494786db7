import { createTestDatabase, type OwnServer, startRedis, type TestDatabase } from '@kindline/testing';
import { CatchUp } from '../src/delivery/catch-up';
import { startChatGateway } from '../src/start';
import { announced, done } from './companion-kit';
import { at, eventually, type TestPerson, type TestSocket, World } from './kit';
import {
  act,
  add,
  agentOn,
  agentsOf,
  channelOf,
  compareAgain,
  fill,
  known,
  open,
  post,
  send,
  seqsOn,
  show,
  updateOf,
} from './support-kit';
import { Subscriptions } from './unheard';

jest.setTimeout(60_000);

/** Far below the 15 s after which the gateways compare with the database anyway. */
const SOON_MS = 4_000;

describe('channels whose gateways are deaf for a while', () => {
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

  const updates = (socket: TestSocket, channel: { id: string }): number =>
    socket.all('channel:updated').filter(updateOf(channel)).length;

  it('are shown to those who belong to them, with their first message, once', async () => {
    const agent = await agentOn(world, 1);
    const user = await world.connect(await world.person('user'), 0);
    let channel = { id: '' };
    await subscriptions.unheard(async () => {
      channel = await open(world, user.person, { message: 'hello' });
    });
    for (const socket of [agent, user]) {
      await socket.next('channel:updated', updateOf(channel), SOON_MS);
      await socket.next('channel:message', ({ channelId }) => channelId === channel.id, SOON_MS);
      await compareAgain(world);
      expect(updates(socket, channel)).toBe(1);
      expect(seqsOn(socket, channel)).toEqual([1]);
    }
  });

  it('are shown unclaimed to agents, and taken from them when that is over', async () => {
    const agents = [await agentOn(world, 0), await agentOn(world, 1)] as const;
    await world.sql.query(`UPDATE helper_profiles SET capacities = '{"support": 0}' WHERE active`);
    let channel = { id: '' };
    await subscriptions.unheard(async () => {
      channel = await open(world, await world.person('user'), { message: 'hello' });
    });
    for (const socket of agents) await socket.next('channel:updated', updateOf(channel), SOON_MS);
    await compareAgain(world);
    // Only for the one who claims it: a gateway that has just come back may look for somebody at any moment.
    await world.sql.query(
      `UPDATE helper_profiles SET capacities = '{}' WHERE person_id = (SELECT id FROM people WHERE sub = $1)`,
      [agents[0].person.sub],
    );
    await subscriptions.unheard(async () => channelOf(await act(world, agents[0].person, 'claim', channel)));
    const { channel: short } = await agents[1].next(
      'channel:updated',
      updateOf(channel, ({ claimed }) => claimed),
      SOON_MS,
    );
    expect(short).toEqual({ id: channel.id, status: 'open', claimed: true });
    await compareAgain(world);
    for (const socket of agents) expect(updates(socket, channel)).toBe(2);
  });

  it('are not told one by one, unclaimed, by a gateway that has just started', async () => {
    const user = await world.person('user');
    const channel = await open(world, user, { message: 'hello' });
    world.gateways.push(world.stopLater(await startChatGateway(world.env)));
    const agent = await world.person('agent');
    await world.sql.query(`UPDATE helper_profiles SET capacities = '{"support": 0}' WHERE active`);
    await at(world.gateways, world.gateways.length - 1)
      .app.get(CatchUp)
      .run();
    const socket = await world.connect(agent, world.gateways.length - 1);
    await known(world, agent, 'agent');
    await compareAgain(world);
    expect(updates(socket, channel)).toBe(0);
    channelOf(await act(world, user, 'close', channel));
    const { channel: short } = await socket.next('channel:updated', updateOf(channel));
    expect(short).toEqual({ id: channel.id, status: 'closed', claimed: false });
    await world.sql.query(`UPDATE helper_profiles SET capacities = '{}'`);
  });

  it('have the agent who was added meanwhile, without a flood of what is older', async () => {
    const first = await agentOn(world, 0);
    const user = await world.connect(await world.person('user'), 0);
    const channel = await open(world, user.person, { message: 'hello' });
    await announced(world);
    await fill(world, channel, 2_000);
    const seconds = [await world.connect(await world.person('agent'), 0)];
    seconds.push(await world.connect(at(seconds, 0).person, 1));
    await subscriptions.unheard(async () => {
      channelOf(await add(world, first.person, channel, at(seconds, 0).person));
      expect(await post(world, user.person, channel, 'the newest')).toMatchObject({ status: 201 });
    });
    for (const socket of seconds) {
      await socket.next('channel:message', ({ seq }) => seq === 2_002, SOON_MS);
      await compareAgain(world);
      expect(seqsOn(socket, channel)).toEqual([2_002]);
    }
  });

  it('show what is said before the news of a new member, and nothing older', async () => {
    const first = await agentOn(world, 0);
    const user = await world.connect(await world.person('user'), 0);
    const channel = await open(world, user.person, { message: 'hello' });
    await announced(world);
    await fill(world, channel, 20_000);
    // Another gateway has never heard of the channel.
    world.gateways.push(world.stopLater(await startChatGateway(world.env)));
    const second = await world.connect(await world.person('agent'), world.gateways.length - 1);
    channelOf(await add(world, first.person, channel, second.person));
    for (let n = 0; n < 5; n++) done(await send(user, channel, `message ${n}`));
    await second.next('channel:message', ({ seq }) => seq === 20_006, SOON_MS);
    expect(seqsOn(second, channel)).toEqual([20_002, 20_003, 20_004, 20_005, 20_006]);
  });

  it('are closed and opened again for their members', async () => {
    const agent = await agentOn(world, 1);
    const user = await world.connect(await world.person('user'), 0);
    const channel = await open(world, user.person, { message: 'hello' });
    await agent.next('channel:updated', updateOf(channel));
    await announced(world);
    await fill(world, channel, 1_000);
    await compareAgain(world);
    await subscriptions.unheard(() => act(world, user.person, 'close', channel));
    for (const socket of [agent, user])
      await socket.next(
        'channel:updated',
        updateOf(channel, ({ status }) => status === 'closed'),
        SOON_MS,
      );
    await compareAgain(world);
    const seen = seqsOn(agent, channel).length;
    await subscriptions.unheard(() => act(world, user.person, 'reopen', channel));
    await eventually('opened again', () => agent.all('channel:updated').at(-1)?.channel.status === 'open');
    done(await send(user, channel, 'again'));
    await agent.next('channel:message', ({ seq }) => seq === 1_002, SOON_MS);
    expect(seqsOn(agent, channel)).toHaveLength(seen + 1);
  });
});

describe('channels while Redis is away', () => {
  let database: TestDatabase;
  let redis: OwnServer;
  let world: World;
  let agent: TestPerson;

  beforeAll(async () => {
    database = await createTestDatabase();
    redis = await startRedis();
    world = await World.start(database.url, { redisUrl: redis.url });
    agent = await world.person('agent');
  });
  afterAll(async () => {
    await world.stop();
    await redis.dispose();
    await database.drop();
  });

  it('are opened and wait, and are given out when it is back', async () => {
    const socket = await world.connect(agent, 1);
    await known(world, agent, 'agent');
    const user = await world.person('user');
    await redis.kill();
    const channel = await open(world, user, { message: 'hello' });
    expect(channel).toMatchObject({ claimed: false, last_seq: 1 });
    expect(await post(world, user, channel, 'anyone?')).toMatchObject({ status: 201 });
    await redis.start();
    await socket.next(
      'channel:updated',
      updateOf(channel, ({ claimed }) => claimed),
      20_000,
    );
    expect(agentsOf(channelOf(await show(world, user, channel)))).toEqual([agent.sub]);
  });
});

describe('channels that nobody could take', () => {
  let database: TestDatabase;
  let world: World;

  beforeAll(async () => {
    database = await createTestDatabase();
    world = await World.start(database.url, { apis: 2 });
  });
  afterAll(async () => {
    await world.stop();
    await database.drop();
  });

  it('are told by push to some agents with a device, once each time they begin to wait', async () => {
    const agents = await Promise.all(Array.from({ length: 60 }, () => world.person('agent')));
    for (const [index, agent] of agents.entries())
      await world.api('PUT', '/api/push-tokens', agent, { token: `device-${index}`, platform: 'web' });
    // Who may help no more counts for nobody, though they are still connected.
    const { person: dismissed } = await agentOn(world, 0);
    await world.sql.query(
      `UPDATE helper_profiles SET active = false WHERE person_id = (SELECT id FROM people WHERE sub = $1)`,
      [dismissed.sub],
    );
    const user = await world.person('user');
    const channel = await open(world, user, { message: 'hello' });
    const told = async (): Promise<{ person_id: string; body: string }[]> => {
      const { rows } = await world.sql.query<{ person_id: string; body: string }>(
        `SELECT person_id, body FROM notifications WHERE kind = 'channel_waiting' AND conversation_id = $1`,
        [channel.id],
      );
      return rows;
    };
    expect(await told()).toHaveLength(50);
    expect(new Set((await told()).map(({ person_id }) => person_id)).size).toBe(50);
    expect(at(await told(), 0).body).toBe('Someone is waiting for an answer');
    // Others open channels and look for somebody; this one is told of already.
    await Promise.all([0, 1].map((replica) => open(world, user, {}, replica)));
    expect(await told()).toHaveLength(50);
    await act(world, user, 'close', channel);
    channelOf(await act(world, user, 'reopen', channel));
    expect(await told()).toHaveLength(100);
  });
});
