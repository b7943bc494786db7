import {
  type Build,
  buildServices,
  createTestDatabase,
  type ServiceProcess,
  startServiceProcess,
  type TestDatabase,
} from '@kindline/testing';
import { done } from './companion-kit';
import { at, eventually, http, type HttpAnswer, type TestPerson, TestSocket, World } from './kit';
import { agentsOf, channelOf, join, open, show } from './support-kit';

jest.setTimeout(120_000);

describe('channels over processes', () => {
  let compiled: Build;
  let database: TestDatabase;
  let world: World;
  let apis: ServiceProcess[];
  let gateways: ServiceProcess[];

  beforeAll(async () => {
    compiled = buildServices();
    database = await createTestDatabase();
    world = await World.start(database.url, { gateways: 0 });
    const start = async (name: string): Promise<ServiceProcess> =>
      world.stopLater(await startServiceProcess(compiled, name, world.env));
    apis = await Promise.all([start('session-api'), start('session-api')]);
    gateways = await Promise.all([start('chat-gateway'), start('chat-gateway')]);
  });
  afterAll(async () => {
    await world.stop();
    await database.drop();
    compiled.remove();
  });

  const connect = async (person: TestPerson, gateway: number): Promise<TestSocket> =>
    world.closeLater(await TestSocket.connect(at(gateways, gateway).port, person));
  const claim = (agent: TestPerson, id: string, api: number): Promise<HttpAnswer> =>
    http(at(apis, api).port, 'POST', `/api/chat/channels/${id}/claim`, agent.token, {});

  it('are given to exactly one, however two API processes, arrivals and the matching race', async () => {
    await world.sql.query('DELETE FROM conversations');
    const claiming = await Promise.all([1, 2, 3, 4].map(() => world.person('agent')));
    const arriving = await Promise.all([1, 2].map(() => world.person('agent')));
    const users = await Promise.all(Array.from({ length: 30 }, () => world.person('user')));
    const channels = await Promise.all(users.map((user) => open(world, user, { message: 'hello' })));
    const arrivals = Promise.all(arriving.map((agent, index) => connect(agent, index)));
    const answers = await Promise.all(
      channels.flatMap(({ id }, index) => claiming.map((agent, n) => claim(agent, id, (index + n) % 2))),
    );
    const sockets = await arrivals;
    const codes = new Set(answers.map(({ status, body }) => (status === 200 ? 200 : body['code'])));
    expect([...codes].filter((code) => code !== 200 && code !== 'at_capacity')).toEqual(['already_claimed']);
    const held = new Map<string, number>();
    for (const [index, channel] of channels.entries()) {
      const agents = agentsOf(channelOf(await show(world, at(users, index), channel)));
      expect(agents).toHaveLength(1);
      for (const agent of agents) held.set(agent, (held.get(agent) ?? 0) + 1);
    }
    for (const count of held.values()) expect(count).toBeLessThanOrEqual(20);
    const winners = answers.filter(({ status }) => status === 200).length;
    const matched = arriving.reduce((sum, { sub }) => sum + (held.get(sub) ?? 0), 0);
    expect(winners + matched).toBe(30);
    for (const socket of sockets) socket.close();
  });

  it('tell their members when somebody left because their gateway was killed, and since when', async () => {
    const [user, agent] = [await world.person('user'), await world.person('agent')];
    const doomed = world.stopLater(await startServiceProcess(compiled, 'chat-gateway', world.env));
    const userSocket = await connect(user, 0);
    const agentSocket = world.closeLater(await TestSocket.connect(doomed.port, agent));
    const channel = await open(world, user, { message: 'hello' });
    await eventually('it is theirs', async () =>
      agentsOf(channelOf(await show(world, user, channel))).includes(agent.sub),
    );
    await agentSocket.next('channel:message');
    const before = Date.now();
    await doomed.kill();
    const left = await userSocket.next(
      'presence:changed',
      ({ sub, online }) => sub === agent.sub && !online,
      30_000,
    );
    const at = new Date(String(left.lastSeen)).getTime();
    expect(at).toBeGreaterThan(before - 10_000);
    expect(at).toBeLessThanOrEqual(Date.now());
    expect(done(await join(userSocket, channel)).presence).toContainEqual(left);
    const back = await connect(agent, 1);
    await userSocket.next('presence:changed', ({ sub, online }) => sub === agent.sub && online);
    back.close();
  });
});
