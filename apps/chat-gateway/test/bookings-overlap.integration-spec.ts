import type { Ack, BookingNotification } from '@kindline/contracts';
import { BookingInbox, BookingStore, FacilitatorSessions } from '@kindline/domain';
import { createTestDatabase, signToken, type TestDatabase } from '@kindline/testing';
import { randomUUID } from 'node:crypto';
import { io } from 'socket.io-client';
import { BookingDelivery } from '../src/bookings/booking-delivery';
import { CONFIRM_WITHIN_MS } from '../src/bookings/facilitators';
import { SessionKeeper } from '../src/bookings/session-keeper';
import { Connections } from '../src/sockets/connections';
import { startChatGateway } from '../src/start';
import {
  allDelivered,
  backendOn,
  booking,
  facilitatorOn,
  facilitatorPerson,
  publish,
  shown,
  undelivered,
} from './booking-kit';
import { at, eventually, TestSocket, World } from './kit';

jest.setTimeout(60_000);

interface Gate {
  open(): void;
  passed: Promise<void>;
}

function gate(): Gate {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { open: resolve, passed: promise };
}

describe('bookings whose moments overlap', () => {
  let database: TestDatabase;
  let world: World;
  let backend: TestSocket;

  beforeAll(async () => {
    database = await createTestDatabase();
    world = await World.start(database.url);
    backend = await backendOn(world);
  });
  afterEach(() => jest.restoreAllMocks());
  afterAll(async () => {
    await world.stop();
    await database.drop();
  });

  const app = (gateway: number) => at(world.gateways, gateway).app;
  const booked = (facilitator_id: number) => booking({ facilitator_id, booking_id: randomUUID() });

  it('are delivered when they were emitted to somebody who has just connected, and so are their repeats', async () => {
    const person = await facilitatorPerson();
    const sessions = app(1).get(FacilitatorSessions);
    const held = gate();
    const open = sessions.open.bind(sessions);
    jest.spyOn(sessions, 'open').mockImplementation(async (...args) => {
      const id = await open(...args);
      await held.passed;
      return id;
    });
    const connecting = facilitatorOn(world, person, 1);
    await eventually('the session is on record', async () => (await sessions.online()) > 0);
    // Its facilitator is online, and no socket of theirs is emitted to yet.
    const event = booked(person.id);
    const publishing = publish(backend, event);
    await eventually('it is stored', async () => (await undelivered(world, person)).length === 1);
    held.open();
    const first = await publishing;
    expect(first.status).toBe('delivered');
    expect(shown(await connecting).map(({ notification_id }) => notification_id)).toEqual([
      first.notification_id,
    ]);
    expect(await publish(backend, event)).toEqual(first);
  });

  it('are shown once when they were found waiting before they were emitted', async () => {
    const person = await facilitatorPerson();
    const facilitator = await facilitatorOn(world, person);
    const store = app(0).get(BookingStore);
    const [held, stored] = [gate(), gate()];
    const put = store.put.bind(store);
    jest.spyOn(store, 'put').mockImplementation(async (...args) => {
      const records = await put(...args);
      stored.open();
      await held.passed;
      return records;
    });
    const event = booked(person.id);
    const publishing = publish(backend, event);
    await stored.passed;
    await app(0).get(BookingDelivery).catchUp();
    await allDelivered(world, person);
    held.open();
    const first = await publishing;
    expect(first.status).toBe('delivered');
    expect(shown(facilitator).map(({ notification_id }) => notification_id)).toEqual([first.notification_id]);
    expect(await publish(backend, event)).toEqual(first);
  });

  it('come again on the same socket when they were not confirmed in time and it says that it is there', async () => {
    const person = await facilitatorPerson();
    const facilitator = await facilitatorOn(world, person, 0, { acks: true, confirms: () => false });
    const { notification_id } = await publish(backend, booked(person.id));
    const again = () =>
      facilitator.ask('facilitator_connect', { facilitator_id: person.id, token: person.token, acks: true });
    // Not while the client may still confirm it.
    await again();
    await facilitator.ask('get_pending_notifications', { facilitator_id: person.id });
    expect(shown(facilitator)).toHaveLength(1);
    await eventually(
      'it comes again',
      async () => {
        await again();
        return shown(facilitator).length > 1;
      },
      CONFIRM_WITHIN_MS + 10_000,
    );
    expect(shown(facilitator).map((one: BookingNotification) => one.notification_id)).toEqual([
      notification_id,
      notification_id,
    ]);
  });

  it('are answered within a moment when they are repeated right after they were emitted', async () => {
    const person = await facilitatorPerson();
    await facilitatorOn(world, person, 1);
    const event = booked(person.id);
    const first = await publish(backend, event);
    const began = performance.now();
    expect(await publish(backend, event)).toEqual(first);
    expect(first.status).toBe('delivered');
    // Of the two seconds for which a first one may be waited for.
    expect(performance.now() - began).toBeLessThan(1_000);
  });

  it('are read once for calls that come while they are read, and again afterwards', async () => {
    const person = await facilitatorPerson();
    const facilitator = await facilitatorOn(world, person);
    const { notification_id } = await publish(backend, booked(person.id));
    const unread = jest.spyOn(app(0).get(BookingInbox), 'unread');
    const call = () =>
      facilitator.ask<Ack<{ count: number }>>('get_pending_notifications', { facilitator_id: person.id });
    const answers = await Promise.all(Array.from({ length: 20 }, call));
    expect(answers.map((answer) => answer.ok && answer.count)).toEqual(Array(20).fill(1));
    expect(unread.mock.calls.length).toBeLessThan(10);
    await facilitator.ask('mark_notification_read', { facilitator_id: person.id, notification_id });
    expect(await call()).toMatchObject({ ok: true, count: 0 });
  });

  it('go to the roles and until the expiry of the token that was shown last', async () => {
    const sub = `late-${randomUUID()}`;
    const { JWT_SECRET: secret } = world.env;
    const early = await signToken({ sub, roles: ['volunteer'] }, { secret, expiresIn: '2h' });
    const late = await signToken({ sub, roles: ['facilitator'] }, { secret, expiresIn: '1h' });
    const socket = await world.connect({ sub, email: '', token: early });
    expect(await socket.ask('facilitator_connect', { facilitator_id: sub, token: late })).toMatchObject({
      ok: true,
    });
    expect(await socket.ask('get_pending_notifications', { facilitator_id: sub })).toMatchObject({
      ok: true,
    });
    const own = [...app(0).get(Connections).all()].find(({ person }) => person.sub === sub);
    expect(own?.person.roles).toEqual(['facilitator']);
    expect((own?.expiresAt ?? 0) - Date.now() / 1000).toBeLessThan(3_601);
  });

  it('leave no session open that was being written when its gateway stopped', async () => {
    const gateway = await startChatGateway(world.env);
    const sessions = gateway.app.get(FacilitatorSessions);
    const [held, asked] = [gate(), gate()];
    const open = sessions.open.bind(sessions);
    jest.spyOn(sessions, 'open').mockImplementation(async (...args) => {
      asked.open();
      await held.passed;
      return open(...args);
    });
    const person = await facilitatorPerson();
    const socket = await TestSocket.guest(gateway.port);
    socket.socket.emit('facilitator_connect', { facilitator_id: person.id, token: person.token });
    await asked.passed;
    socket.close();
    await eventually('they have left', () => gateway.app.get(Connections).personCount === 0);
    const settled = gateway.app.get(SessionKeeper).settled();
    held.open();
    await settled;
    const { rows } = await world.sql.query<{ open: boolean }>(
      'SELECT ended_at IS NULL AS open FROM facilitator_sessions WHERE facilitator_id = $1',
      [person.sub],
    );
    expect(rows).toEqual([{ open: false }]);
    await gateway.stop();
  });

  it('are not held back by bad tokens of others behind the same proxy', async () => {
    const env = { ...world.env, RATE_LIMIT_DISABLED: 'false', RATE_LIMIT_AUTH_FAILURES: '1/1m' };
    const gateway = world.stopLater(await startChatGateway(env));
    const refusal = (address: string): Promise<unknown> => {
      const socket = io(`http://127.0.0.1:${gateway.port}`, {
        auth: { token: 'garbage' },
        transports: ['websocket'],
        forceNew: true,
        reconnection: false,
        extraHeaders: { 'x-forwarded-for': address },
      });
      return new Promise((resolve) =>
        socket.once('connect_error', (error: Error & { data?: unknown }) => resolve(error.data)),
      );
    };
    expect(await refusal('198.51.100.1')).toEqual({ code: 'unauthenticated' });
    expect(await refusal('198.51.100.1')).toEqual({ code: 'rate_limited' });
    expect(await refusal('198.51.100.2')).toEqual({ code: 'unauthenticated' });
  });
});
