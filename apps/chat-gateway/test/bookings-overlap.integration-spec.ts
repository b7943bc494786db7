import { AuditLog, BookingStore, FacilitatorSessions } from '@kindline/domain';
import { createTestDatabase, type TestDatabase } from '@kindline/testing';
import { SignJWT } from 'jose';
import { randomUUID } from 'node:crypto';
import { io, type Socket } from 'socket.io-client';
import { BookingDelivery } from '../src/bookings/booking-delivery';
import { Facilitators } from '../src/bookings/facilitators';
import { Connections } from '../src/sockets/connections';
import { startChatGateway } from '../src/start';
import { at, eventually, makePerson, SERVICE_TOKEN, World } from './kit';

jest.setTimeout(60_000);

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function gate(): { open: () => void; wait: Promise<void> } {
  let open: () => void = () => undefined;
  const wait = new Promise<void>((resolve) => (open = resolve));
  return { open, wait };
}

interface Answer {
  ok: boolean;
  notification_id?: string;
  status?: string;
  error?: { code: string };
}

describe('bookings, when moments overlap', () => {
  let database: TestDatabase;
  let world: World;
  const sockets: Socket[] = [];

  beforeAll(async () => {
    database = await createTestDatabase();
    world = await World.start(database.url, { apis: 1, gateways: 2 });
  });
  afterEach(() => {
    jest.restoreAllMocks();
    for (const socket of sockets.splice(0)) socket.disconnect();
  });
  afterAll(async () => {
    await world.stop();
    await database.drop();
  });

  const raw = (port: number, auth: object = {}): Socket => {
    const socket = io(`http://127.0.0.1:${port}`, {
      auth,
      transports: ['websocket'],
      forceNew: true,
      reconnection: false,
    });
    sockets.push(socket);
    return socket;
  };
  const ask = (socket: Socket, event: string, payload: object) =>
    socket.timeout(10_000).emitWithAck(event, payload) as Promise<Answer>;
  const gatewayApp = (n: number) => at(world.gateways, n).app;
  const gatewayPort = (n: number) => at(world.gateways, n).port;
  async function backend(n = 0): Promise<Socket> {
    const socket = raw(gatewayPort(n));
    expect(await ask(socket, 'backend_connect', { token: SERVICE_TOKEN })).toMatchObject({ ok: true });
    return socket;
  }
  const booking = (facilitator_id: string, more: object = {}) => ({
    booking_id: randomUUID(),
    user: { id: 5, name: 'Jane Smith', email: 'jane@example.com' },
    session: { id: 1, title: 'Morning', start_time: '2024-01-15T09:00:00' },
    facilitator_id,
    event_id: randomUUID(),
    ...more,
  });
  const token = (sub: string, roles: string[], exp = '1h') =>
    new SignJWT({ email: `${sub}@example.org`, roles })
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject(sub)
      .setExpirationTime(exp)
      .sign(new TextEncoder().encode(world.env.JWT_SECRET));
  const sessionsOf = async (sub: string) =>
    (
      await world.sql.query(
        'SELECT 1 FROM facilitator_sessions WHERE facilitator_id = $1 AND ended_at IS NULL',
        [sub],
      )
    ).rowCount;

  it('forgets a facilitator who left while their session was being written', async () => {
    const fay = await makePerson('facilitator');
    const sessions = gatewayApp(0).get(FacilitatorSessions);
    const held = gate();
    const open = sessions.open.bind(sessions);
    const spy = jest.spyOn(sessions, 'open').mockImplementation(async (...args) => {
      await held.wait;
      return open(...args);
    });
    const socket = raw(gatewayPort(0));
    socket.emit('facilitator_connect', { facilitator_id: fay.sub, token: fay.token });
    await eventually('asked to open', () => spy.mock.calls.length > 0);
    socket.disconnect();
    await eventually('gone', () => gatewayApp(0).get(Connections).personCount === 0);
    held.open();
    await eventually(
      'ended',
      async () =>
        (
          await world.sql.query(
            'SELECT 1 FROM facilitator_sessions WHERE facilitator_id=$1 AND ended_at IS NOT NULL',
            [fay.sub],
          )
        ).rowCount === 1,
    );
    await sleep(100);
    expect(gatewayApp(0).get(Facilitators).ids()).not.toContain(fay.sub);
  });

  it('forgets a backend that left while its entry was being recorded', async () => {
    const audit = gatewayApp(0).get(AuditLog);
    const held = gate();
    const record = audit.record.bind(audit);
    const spy = jest
      .spyOn(audit, 'record')
      .mockImplementation(async (...args: Parameters<AuditLog['record']>) => {
        await held.wait;
        return record(...args);
      });
    const socket = raw(gatewayPort(0));
    socket.emit('backend_connect', { token: SERVICE_TOKEN });
    await eventually('asked to record', () => spy.mock.calls.length > 0);
    socket.disconnect();
    await sleep(200);
    held.open();
    await sleep(200);
    expect(gatewayApp(0).get(Connections).hasBackends).toBe(false);
  });

  it.each([0, 2_500])(
    'answers a repeat after %i ms as the first, though the client has not confirmed',
    async (ms) => {
      const fay = await makePerson('facilitator');
      const socket = raw(gatewayPort(0));
      await ask(socket, 'facilitator_connect', { facilitator_id: fay.sub, token: fay.token, acks: true });
      const from = await backend();
      const one = booking(fay.sub);
      const first = await ask(from, 'booking_notification', one);
      expect(first.status).toBe('delivered');
      await sleep(ms);
      expect(await ask(from, 'booking_notification', one)).toEqual(first);
    },
  );

  it('says delivered when it was emitted as one that waited, and again to a repeat', async () => {
    const fay = await makePerson('facilitator');
    const sessions = gatewayApp(1).get(FacilitatorSessions);
    const held = gate();
    const open = sessions.open.bind(sessions);
    jest.spyOn(sessions, 'open').mockImplementation(async (...args) => {
      const id = await open(...args);
      await held.wait;
      return id;
    });
    const socket = raw(gatewayPort(1));
    const shown: string[] = [];
    socket.on('new_booking_notification', ({ notification_id }: { notification_id: string }) =>
      shown.push(notification_id),
    );
    socket.emit('facilitator_connect', { facilitator_id: fay.sub, token: fay.token });
    await eventually('open', async () => (await sessionsOf(fay.sub)) === 1);
    const from = await backend();
    const one = booking(fay.sub);
    const asked = ask(from, 'booking_notification', one);
    await sleep(200);
    held.open();
    const first = await asked;
    expect(shown).toEqual([first.notification_id]);
    expect(await ask(from, 'booking_notification', one)).toEqual(first);
    expect(first.status).toBe('delivered');
  });

  it('shows once what was found waiting before its news came', async () => {
    const fay = await makePerson('facilitator');
    const socket = raw(gatewayPort(0));
    const shown: string[] = [];
    socket.on('new_booking_notification', ({ notification_id }: { notification_id: string }) =>
      shown.push(notification_id),
    );
    await ask(socket, 'facilitator_connect', { facilitator_id: fay.sub, token: fay.token });
    const store = gatewayApp(0).get(BookingStore);
    const held = gate();
    const put = store.put.bind(store);
    let stored = false;
    jest.spyOn(store, 'put').mockImplementation(async (...args) => {
      const r = await put(...args);
      stored = true;
      await held.wait;
      return r;
    });
    const from = await backend();
    const one = booking(fay.sub);
    const asked = ask(from, 'booking_notification', one);
    await eventually('stored', () => stored);
    await gatewayApp(0).get(BookingDelivery).catchUp();
    await sleep(200);
    held.open();
    const first = await asked;
    await sleep(100);
    expect(shown).toEqual([first.notification_id]);
    expect(first.status).toBe('delivered');
    expect(await ask(from, 'booking_notification', one)).toEqual(first);
  });

  it('takes the roles of the token shown last, and only those', async () => {
    const sub = `late-${randomUUID()}`;
    const socket = raw(gatewayPort(0), { token: await token(sub, ['volunteer'], '1m') });
    expect(
      await ask(socket, 'facilitator_connect', {
        facilitator_id: sub,
        token: await token(sub, ['facilitator']),
      }),
    ).toMatchObject({ ok: true });
    expect(await ask(socket, 'get_pending_notifications', { facilitator_id: sub })).toMatchObject({
      ok: true,
    });
    // What a token of one minute allowed must not be allowed for an hour.
    const [own] = [...gatewayApp(0).get(Connections).all()].filter(({ person }) => person.sub === sub);
    expect(own?.person.roles).toEqual(['facilitator']);
  });

  it('answers what it has stored before it ends', async () => {
    const gateway = await startChatGateway(world.env);
    const fay = await makePerson('facilitator');
    await gateway.app.get(FacilitatorSessions).open(fay.sub, 'elsewhere', 'socket');
    const from = raw(gateway.port);
    await ask(from, 'backend_connect', { token: SERVICE_TOKEN });
    const asked = ask(from, 'booking_notification', booking(fay.sub));
    asked.catch(() => undefined);
    await eventually(
      'stored',
      async () =>
        (await world.sql.query('SELECT 1 FROM booking_notifications WHERE facilitator_id=$1', [fay.sub]))
          .rowCount === 1,
    );
    const stopped = gateway.stop();
    expect(await asked).toMatchObject({ ok: true, status: 'stored' });
    await stopped;
  });

  it('shows again what was not confirmed in time, when the same socket says facilitator_connect again', async () => {
    const fay = await makePerson('facilitator');
    const socket = raw(gatewayPort(0));
    const shown: string[] = [];
    socket.on('new_booking_notification', ({ notification_id }: { notification_id: string }) =>
      shown.push(notification_id),
    );
    const hello = { facilitator_id: fay.sub, token: fay.token, acks: true };
    await ask(socket, 'facilitator_connect', hello);
    const from = await backend();
    await ask(from, 'booking_notification', booking(fay.sub));
    await sleep(5_500);
    await ask(socket, 'facilitator_connect', hello);
    await sleep(300);
    expect(shown).toHaveLength(2);
  });
});
