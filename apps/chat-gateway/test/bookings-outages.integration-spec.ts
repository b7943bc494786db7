import { migrate } from '@kindline/database';
import type { RunningService } from '@kindline/platform';
import { type OwnServer, startPostgres, startRedis } from '@kindline/testing';
import { Redis } from 'ioredis';
import { startChatGateway } from '../src/start';
import {
  allDelivered,
  backendOn,
  booking,
  facilitatorOn,
  facilitatorPerson,
  type FacilitatorPerson,
  publish,
  type Published,
  shown,
} from './booking-kit';
import { at, eventually, http, TestSocket, World } from './kit';

jest.setTimeout(60_000);

/** Far below the 15 s after which bookings are looked for anyway. */
const SOON_MS = 4_000;

describe('bookings', () => {
  let redis: OwnServer;
  let postgres: OwnServer;
  let commands: Redis;
  let world: World;
  let backend: TestSocket;
  let person: FacilitatorPerson;

  beforeAll(async () => {
    [redis, postgres] = await Promise.all([startRedis(), startPostgres()]);
    await migrate(postgres.url);
    world = await World.start(postgres.url, { redisUrl: redis.url, apis: 0 });
    commands = new Redis(redis.url);
    commands.on('error', () => undefined);
  });
  beforeEach(async () => {
    backend = await backendOn(world);
    person = await facilitatorPerson();
  });
  afterAll(async () => {
    commands.disconnect();
    await world.stop();
    await redis.dispose();
    await postgres.dispose();
  });

  let bookingId = 0;
  const event = () => booking({ booking_id: ++bookingId, facilitator_id: person.id });
  const ids = (socket: TestSocket): string[] => shown(socket).map(({ notification_id }) => notification_id);
  /** The last of this facilitator's bookings is stored. */
  const stored = (): Promise<string> =>
    eventually('the booking is stored', async () => {
      const { rows } = await world.sql.query<{ id: string }>(
        `SELECT id FROM booking_notifications WHERE facilitator_id = $1 AND booking ->> 'booking_id' = $2`,
        [person.sub, String(bookingId)],
      );
      return rows[0]?.id;
    });
  const ready = (status: number): Promise<unknown> =>
    eventually(`every gateway answers ${status}`, async () => {
      const answers = world.gateways.map(({ port }) => http(port, 'GET', '/health/ready'));
      return (await Promise.all(answers)).every((answer) => answer.status === status);
    });
  /** Cuts every subscription; who comes back may publish, but not listen, until they are mended. */
  async function cut(): Promise<void> {
    await commands.call('ACL', 'SETUSER', 'default', '-subscribe');
    await commands.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
  }
  const mend = (): Promise<unknown> => commands.call('ACL', 'SETUSER', 'default', '+subscribe');

  describe('whose news are lost', () => {
    afterEach(() => mend());

    it('are stored, and shown once by the other replica as soon as it listens again', async () => {
      const socket = await facilitatorOn(world, person, 1);
      await cut();
      const sent = event();
      const answer = await publish(backend, sent);
      expect(answer.status).toBe('stored');
      expect(shown(socket)).toEqual([]);
      await mend();
      await socket.next('new_booking_notification', () => true, SOON_MS);
      await allDelivered(world, person);
      const next = await publish(backend, event());
      await socket.next(
        'new_booking_notification',
        ({ notification_id }) => notification_id === next.notification_id,
      );
      expect(ids(socket)).toEqual([answer.notification_id, next.notification_id]);
      expect(await publish(backend, sent)).toMatchObject({ status: 'stored' });
    });

    it('are answered alike, first and repeated, when they are found within two seconds', async () => {
      const socket = await facilitatorOn(world, person, 1);
      await cut();
      const sent = event();
      const first = publish(backend, sent);
      const id = await stored();
      // Another client of the same facilitator comes, and with it what is pending.
      const second = await facilitatorOn(world, person, 1);
      for (const one of [socket, second]) await one.next('new_booking_notification');
      await allDelivered(world, person);
      const { status } = await first;
      expect(await publish(backend, sent)).toMatchObject({ notification_id: id, status });
      expect(status).toBe('delivered');
    });
  });

  it('are stored, answered, and shown here while Redis is away, and elsewhere when it is back', async () => {
    const other = await facilitatorPerson();
    const [here, there] = [await facilitatorOn(world, person, 0), await facilitatorOn(world, other, 1)];
    await redis.stop();
    await ready(503);
    expect(await publish(backend, event())).toMatchObject({ status: 'delivered' });
    await here.next('new_booking_notification');
    const elsewhere = booking({ booking_id: 'elsewhere', facilitator_id: other.id });
    expect(await publish(backend, elsewhere)).toMatchObject({ status: 'stored' });
    expect(await publish(backend, booking({ facilitator_id: 99 }))).toMatchObject({ status: 'stored' });
    // Nor does anybody need Redis to come.
    const late = await facilitatorOn(world, other, 1);
    for (const socket of [late, there]) await socket.next('new_booking_notification');
    expect((await http(at(world.gateways, 0).port, 'GET', '/health')).body).toMatchObject({
      status: 'healthy',
      backend_connected: true,
    });
    const pending = { ...elsewhere, booking_id: 'still elsewhere' };
    const { notification_id } = await publish(backend, pending);
    await redis.start();
    for (const socket of [late, there]) {
      await socket.next('new_booking_notification', (one) => one.notification_id === notification_id);
    }
    await ready(200);
    expect(await publish(backend, { ...elsewhere, booking_id: 'live again' })).toMatchObject({
      status: 'delivered',
    });
    for (const socket of [late, there]) {
      await socket.next('new_booking_notification', ({ booking_id }) => booking_id === 'live again');
      expect(shown(socket).map(({ booking_id }) => booking_id)).toEqual([
        'elsewhere',
        'still elsewhere',
        'live again',
      ]);
    }
  });

  it('fail clearly while Postgres is away, are shown to nobody, and succeed when they are sent again', async () => {
    const socket = await facilitatorOn(world, person, 0);
    const first = await publish(backend, event());
    await allDelivered(world, person);
    await postgres.stop();
    const sent = event();
    expect(await backend.ask<Published>('booking_notification', sent)).toMatchObject({
      ok: false,
      error: { code: 'unavailable' },
    });
    backend.socket.emit('booking_notification', sent);
    expect(await backend.next('notification_error')).toEqual({
      error: expect.stringMatching(/./),
      code: 'unavailable',
      booking_id: sent.booking_id,
    });
    const guest = await world.guest(1);
    guest.socket.emit('facilitator_connect', { facilitator_id: person.id, token: person.token });
    expect(await guest.next('auth_error')).toMatchObject({ code: 'unavailable' });
    const marks = { facilitator_id: person.id, notification_id: first.notification_id };
    socket.socket.emit('mark_notification_read', marks);
    expect(await socket.next('error')).toMatchObject({ code: 'unavailable' });
    expect(await http(at(world.gateways, 0).port, 'GET', '/health')).toMatchObject({ status: 503 });
    await postgres.start();
    await ready(200);
    const again = await publish(backend, sent);
    expect(again.status).toBe('delivered');
    await socket.next('new_booking_notification', (one) => one.notification_id === again.notification_id);
    expect(ids(socket)).toEqual([first.notification_id, again.notification_id]);
  });

  describe('on a gateway that is told to stop', () => {
    let leaving: RunningService;

    beforeEach(async () => {
      leaving = world.stopLater(await startChatGateway(world.env));
    });

    it('are stored and answered if they were handed over, and later ones are refused', async () => {
      const own = world.closeLater(await TestSocket.guest(leaving.port));
      expect(await own.ask('backend_connect', { token: world.env.BACKEND_SERVICE_TOKEN })).toEqual({
        ok: true,
      });
      const here = world.closeLater(await TestSocket.guest(leaving.port));
      const { id, token } = await facilitatorPerson();
      await here.ask('facilitator_connect', { facilitator_id: id, token });
      // It looks online, so that the answer is awaited for up to two seconds.
      await world.sql.query(
        `INSERT INTO facilitator_sessions VALUES ('00000000-0000-7000-8000-00000000000a', $1, 'gone', 'x', now(), now())`,
        [person.sub],
      );
      const taken = own.ask<Published>('booking_notification', event());
      await stored();
      const stopping = leaving.stop();
      for (const socket of [own, here]) {
        expect(await socket.next('server_draining')).toEqual({ retryAfterMs: expect.any(Number) });
      }
      own.socket.emit('booking_notification', { ...event(), facilitator_id: 5 });
      expect(await own.next('notification_error')).toEqual({
        error: expect.any(String),
        code: 'unavailable',
        booking_id: bookingId,
      });
      expect(await taken).toMatchObject({ ok: true, status: 'stored' });
      await stopping;
      const { rows } = await world.sql.query(
        'SELECT FROM facilitator_sessions WHERE facilitator_id = $1 AND ended_at IS NULL',
        [String(id)],
      );
      expect(rows).toEqual([]);
    });

    it('come again elsewhere for those who had not confirmed them', async () => {
      const socket = world.closeLater(await TestSocket.guest(leaving.port));
      const { id: facilitator_id, token } = person;
      await socket.ask('facilitator_connect', { facilitator_id, token, acks: true });
      const { notification_id } = await publish(backend, event());
      await socket.next('new_booking_notification');
      await leaving.stop();
      const elsewhere = await facilitatorOn(world, person, 1, { acks: true });
      await elsewhere.next('new_booking_notification', (one) => one.notification_id === notification_id);
    });
  });
});
