import { fingerprint } from '@kindline/auth';
import {
  type Build,
  buildServices,
  createTestDatabase,
  type ServiceProcess,
  startServiceProcess,
  type TestDatabase,
} from '@kindline/testing';
import {
  booking,
  facilitatorOnPort,
  facilitatorPerson,
  type FacilitatorPerson,
  publish,
} from './booking-kit';
import { at, eventually, http, makePerson, TestSocket, World } from './kit';

jest.setTimeout(120_000);

/** For rotation: both are good. */
const TOKENS = ['the-first-secret-of-a-backend', 'the-second-secret-of-a-backend'] as const;

describe('the booking service over two replicas', () => {
  let compiled: Build;
  let database: TestDatabase;
  let world: World;
  let gateways: ServiceProcess[];
  const started: ServiceProcess[] = [];
  const sockets: TestSocket[] = [];

  const startGateway = async (): Promise<ServiceProcess> => {
    const env = { ...world.env, BACKEND_SERVICE_TOKEN: TOKENS.join(','), CHAT_GATEWAY_PORT: '0' };
    const gateway = world.stopLater(await startServiceProcess(compiled, 'chat-gateway', env));
    started.push(gateway);
    return gateway;
  };
  const keep = (socket: TestSocket): TestSocket => {
    sockets.push(socket);
    return socket;
  };
  const facilitator = async (gateway: number, person: FacilitatorPerson): Promise<TestSocket> =>
    keep(await facilitatorOnPort(at(gateways, gateway).port, person));
  async function backend(gateway: number, token: string = TOKENS[0]): Promise<TestSocket> {
    const socket = keep(await TestSocket.guest(at(gateways, gateway).port));
    socket.socket.emit('backend_connect', { token });
    await socket.next('backend_auth_success');
    return socket;
  }
  const health = async (gateway: number) => (await http(at(gateways, gateway).port, 'GET', '/health')).body;
  const stats = async (gateway: number) =>
    (await http(at(gateways, gateway).port, 'GET', '/stats', TOKENS[1])).body;
  /** Both replicas say the same. */
  const both = (expected: object, withinMs = 10_000): Promise<unknown> =>
    eventually(
      `both say ${JSON.stringify(expected)}`,
      async () => {
        const said = [await health(0), await health(1)];
        return said.every((one) => Object.entries(expected).every(([name, value]) => one[name] === value));
      },
      withinMs,
    );

  beforeAll(async () => {
    compiled = buildServices();
    database = await createTestDatabase();
    world = await World.start(database.url, { apis: 0, gateways: 0 });
  });
  beforeEach(async () => {
    await world.sql.query('TRUNCATE booking_notifications, facilitator_sessions');
    gateways = await Promise.all([startGateway(), startGateway()]);
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.close();
    await Promise.all(gateways.map((gateway) => gateway.stop()));
  });
  afterAll(async () => {
    await world.stop();
    await database.drop();
    compiled.remove();
  });

  it('says who is connected to any of them, and counts what is stored', async () => {
    expect(await health(0)).toEqual({
      status: 'healthy',
      service: 'notification_service',
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      online_facilitators: 0,
      backend_connected: false,
    });
    const [one, two] = [await facilitatorPerson(), await facilitatorPerson()];
    await facilitator(0, one);
    await facilitator(1, one);
    await facilitator(1, two);
    const publisher = await backend(0);
    await both({ online_facilitators: 2, backend_connected: true });
    await publish(publisher, booking({ booking_id: 1, facilitator_id: one.id }));
    await publish(publisher, booking({ booking_id: 1, facilitator_id: one.id }));
    await publish(publisher, booking({ booking_id: 2, facilitator_id: (await facilitatorPerson()).id }));
    const expected = {
      online_facilitators: 2,
      backend_connected: true,
      total_notifications: 2,
      pending_notifications: 1,
      facilitator_sessions: 3,
    };
    await eventually('one is delivered', async () => (await stats(1))['pending_notifications'] === 1);
    for (const gateway of [0, 1]) expect(await stats(gateway)).toEqual(expected);
  });

  it('keeps its numbers to backends', async () => {
    const { port } = at(gateways, 0);
    expect(await http(port, 'GET', '/stats')).toMatchObject({
      status: 401,
      body: { code: 'unauthenticated' },
    });
    expect(await http(port, 'GET', '/stats', 'wrong')).toMatchObject({ status: 401 });
    const { token } = await makePerson('admin');
    expect(await http(port, 'GET', '/stats', token)).toMatchObject({
      status: 403,
      body: { code: 'forbidden' },
    });
    for (const own of TOKENS) expect(await http(port, 'GET', '/stats', own)).toMatchObject({ status: 200 });
    expect(await http(port, 'GET', '/health')).toMatchObject({ status: 200 });
  });

  it('says that a backend is connected for as long as one is, anywhere', async () => {
    const [one, two, three] = [await backend(0), await backend(0), await backend(1)];
    await both({ backend_connected: true });
    one.close();
    three.close();
    await both({ backend_connected: true });
    await publish(two, booking({ facilitator_id: 9 }));
    two.close();
    await both({ backend_connected: false });
  });

  it('knows within 30 s that a killed replica has neither backends nor facilitators any more', async () => {
    const [lost, safe] = [await facilitatorPerson(), await facilitatorPerson()];
    await facilitator(0, lost);
    await facilitator(1, safe);
    await backend(0);
    await both({ online_facilitators: 2, backend_connected: true });
    const killedAt = Date.now();
    await at(gateways, 0).kill();
    await eventually(
      'the other replica knows',
      async () => {
        const said = await health(1);
        return said['online_facilitators'] === 1 && said['backend_connected'] === false;
      },
      30_000,
    );
    const { rows } = await world.sql.query<{ ended_at: Date; connected_at: Date }>(
      'SELECT ended_at, connected_at FROM facilitator_sessions WHERE facilitator_id = $1',
      [lost.sub],
    );
    const [{ ended_at, connected_at }] = [at(rows, 0)];
    // It ended when its gateway was last known to live, not when that was noticed.
    expect(ended_at.getTime()).toBeGreaterThanOrEqual(connected_at.getTime());
    expect(ended_at.getTime()).toBeLessThanOrEqual(killedAt + 1_000);
  });

  it('ends the sessions of a replica that is stopped in order', async () => {
    const person = await facilitatorPerson();
    await facilitator(0, person);
    await backend(0);
    await both({ online_facilitators: 1, backend_connected: true });
    await at(gateways, 0).stop();
    expect(await health(1)).toMatchObject({ online_facilitators: 0, backend_connected: false });
  });

  it('records by a fingerprint which backend connected and published, and keeps no token anywhere', async () => {
    const fingerprints = TOKENS.map((one) => `service:${fingerprint(one)}`);
    const { token } = await makePerson('facilitator');
    await world.sql.query('DELETE FROM audit_log');
    for (const [gateway, own] of TOKENS.entries()) {
      const publisher = await backend(gateway, own);
      await publish(publisher, booking({ booking_id: own === TOKENS[0] ? 1 : 2, facilitator_id: 77 }));
      // Refused, and as secret.
      publisher.socket.emit('facilitator_connect', { facilitator_id: 5, token });
      await publisher.next('auth_error');
      publisher.socket.emit('backend_connect', { token: own, surprise: own });
      await eventually('refused twice', () => publisher.all('auth_error').length === 2);
      publisher.socket.emit('booking_notification', { token: own });
      await publisher.next('notification_error');
    }
    const audit = await world.sql.query<{ actor: string; action: string }>(
      'SELECT actor, action FROM audit_log ORDER BY at',
    );
    expect(audit.rows).toEqual(fingerprints.map((actor) => ({ actor, action: 'backend_connect' })));
    const sources = await world.sql.query<{ source: string }>(
      `SELECT source FROM booking_notifications WHERE facilitator_id = '77' ORDER BY id`,
    );
    expect(sources.rows.map(({ source }) => source)).toEqual(fingerprints);

    const secrets = [...TOKENS, token];
    const tables = await world.sql.query<{ name: string }>(
      `SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables
      WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')`,
    );
    expect(tables.rows.length).toBeGreaterThan(10);
    for (const { name } of tables.rows) {
      const { rows } = await world.sql.query<{ row: string }>(`SELECT t::text AS row FROM ${name} t`);
      for (const { row } of rows) for (const secret of secrets) expect(row).not.toContain(secret);
    }
    await Promise.all(gateways.map((gateway) => gateway.stop()));
    for (const gateway of started) {
      expect(gateway.output()).toContain('chat-gateway is listening');
      for (const secret of secrets) expect(gateway.output()).not.toContain(secret);
      // Nor what was booked.
      for (const word of ['Jane', 'jane@example.com', 'Meditation'])
        expect(gateway.output()).not.toContain(word);
    }
  });
});
