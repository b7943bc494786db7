import { createTestDatabase, type TestDatabase } from '@kindline/testing';
import type { BookingNotification } from '@kindline/contracts';
import { Redis } from 'ioredis';
import { setTimeout as pause } from 'node:timers/promises';
import { BookingDelivery } from '../src/bookings/booking-delivery';
import { CONFIRM_WITHIN_MS } from '../src/bookings/facilitators';
import { Receptions } from '../src/bookings/receptions';
import {
  allDelivered,
  backendOn,
  booking,
  facilitatorOn,
  facilitatorPerson,
  type FacilitatorPerson,
  offline,
  publish,
  shown,
  undelivered,
} from './booking-kit';
import { eventually, type TestSocket, World } from './kit';

const NEVER = { acks: true, confirms: () => false };

describe('a booking counts as received', () => {
  let database: TestDatabase;
  let world: World;
  let backend: TestSocket;
  let person: FacilitatorPerson;
  let redis: Redis;

  beforeAll(async () => {
    database = await createTestDatabase();
    world = await World.start(database.url, { apis: 0 });
    backend = await backendOn(world);
    redis = new Redis(world.env.REDIS_URL);
  });
  beforeEach(async () => {
    person = await facilitatorPerson();
  });
  afterAll(async () => {
    redis.disconnect();
    await world.stop();
    await database.drop();
  });

  let bookingId = 0;
  /** @returns the notification's id */
  async function book(status: 'delivered' | 'stored'): Promise<string> {
    const answer = await publish(backend, booking({ booking_id: ++bookingId, facilitator_id: person.id }));
    expect(answer.status).toBe(status);
    return answer.notification_id;
  }
  /** What the gateways know of it is in the database. */
  async function settled(): Promise<void> {
    for (const { app } of world.gateways) await app.get(Receptions).settled();
  }
  const ids = (socket: TestSocket): string[] => shown(socket).map(({ notification_id }) => notification_id);
  /** Everything that waits for this facilitator, and nothing else, is shown at the next connect. */
  async function shownAtNextConnect(gateway = 0): Promise<string[]> {
    const socket = await facilitatorOn(world, person, gateway);
    const last = await book('delivered');
    await socket.next('new_booking_notification', ({ notification_id }) => notification_id === last);
    // It may have overtaken those that were looked up.
    await allDelivered(world, person);
    const rest = ids(socket).filter((id) => id !== last);
    socket.close();
    await offline(world, person);
    return rest;
  }
  async function leave(socket: TestSocket): Promise<void> {
    socket.close();
    await offline(world, person);
  }

  it('when it was emitted, of a client that does not confirm', async () => {
    const socket = await facilitatorOn(world, person, 1);
    const id = await book('delivered');
    await allDelivered(world, person);
    expect(ids(socket)).toEqual([id]);
    await leave(socket);
    expect(await shownAtNextConnect()).toEqual([]);
  });

  it('only when its callback ran, of a client that confirms', async () => {
    const owed = new Map<string, () => void>();
    const socket = await facilitatorOn(world, person, 1, NEVER);
    socket.socket.on('new_booking_notification', (one: BookingNotification, received: () => void) =>
      owed.set(one.notification_id, received),
    );
    const [first, second] = [await book('delivered'), await book('delivered')];
    await eventually('both are shown', () => owed.size === 2);
    await settled();
    expect(await undelivered(world, person)).toEqual([first, second]);
    owed.get(second)?.();
    await eventually('one is received', async () => (await undelivered(world, person)).length === 1);
    expect(await undelivered(world, person)).toEqual([first]);
    await leave(socket);
    expect(await shownAtNextConnect()).toEqual([first]);
  });

  it('not when its client never confirms: it comes again at every connect, and is not repeated before', async () => {
    const first = await facilitatorOn(world, person, 0, NEVER);
    const id = await book('delivered');
    await first.next('new_booking_notification');
    for (const { app } of world.gateways) await app.get(BookingDelivery).catchUp();
    await first.ask('get_pending_notifications', { facilitator_id: person.id });
    expect(ids(first)).toEqual([id]);
    await leave(first);
    const second = await facilitatorOn(world, person, 1, NEVER);
    await second.next('new_booking_notification');
    expect(ids(second)).toEqual([id]);
    await leave(second);
    expect(await shownAtNextConnect()).toEqual([id]);
    expect(await shownAtNextConnect()).toEqual([]);
  });

  it('not when its client confirms too late', async () => {
    let confirm: (() => void) | undefined;
    const socket = await facilitatorOn(world, person, 0, NEVER);
    socket.socket.on('new_booking_notification', (_: BookingNotification, received: () => void) => {
      confirm = received;
    });
    const id = await book('delivered');
    await eventually('it is shown', () => confirm);
    // What is tested is the time.
    await pause(CONFIRM_WITHIN_MS + 200);
    confirm?.();
    // Answered after the confirmation has arrived.
    await socket.ask('get_pending_notifications', { facilitator_id: person.id });
    await settled();
    expect(await undelivered(world, person)).toEqual([id]);
    await leave(socket);
    expect(await shownAtNextConnect()).toEqual([id]);
  });

  it('not when its client left before it confirmed', async () => {
    const socket = await facilitatorOn(world, person, 0, NEVER);
    const id = await book('delivered');
    await socket.next('new_booking_notification');
    await leave(socket);
    expect(await shownAtNextConnect(1)).toEqual([id]);
  });

  it('when one of two clients has confirmed it, wherever they are connected', async () => {
    for (const gateway of [0, 1]) {
      const silent = await facilitatorOn(world, person, 0, NEVER);
      const polite = await facilitatorOn(world, person, gateway, { acks: true });
      const id = await book('delivered');
      for (const socket of [silent, polite]) {
        await socket.next('new_booking_notification');
        expect(ids(socket)).toEqual([id]);
      }
      await allDelivered(world, person);
      silent.close();
      await leave(polite);
      expect(await shownAtNextConnect()).toEqual([]);
    }
  });

  it('at a second connect only there: the first client is not shown it again', async () => {
    const first = await facilitatorOn(world, person, 0, NEVER);
    const id = await book('delivered');
    await first.next('new_booking_notification');
    const second = await facilitatorOn(world, person, 0, { acks: true });
    await second.next('new_booking_notification');
    await allDelivered(world, person);
    const next = await book('delivered');
    await first.next('new_booking_notification', ({ notification_id }) => notification_id === next);
    expect(ids(first)).toEqual([id, next]);
  });

  it('by confirmation from when its client says so, and by emission from when it says so no more', async () => {
    const socket = await facilitatorOn(world, person, 0, { confirms: () => false });
    await book('delivered');
    await allDelivered(world, person);
    const { id: facilitator_id, token } = person;
    await socket.ask('facilitator_connect', { facilitator_id, token, acks: true });
    const owed = await book('delivered');
    await settled();
    expect(await undelivered(world, person)).toEqual([owed]);
    await socket.ask('facilitator_connect', { facilitator_id, token });
    await book('delivered');
    await settled();
    await eventually('the others are received', async () => (await undelivered(world, person)).length < 2);
    expect(await undelivered(world, person)).toEqual([owed]);
    expect(shown(socket)).toHaveLength(3);
  });

  it('once, also when news of it come late or twice', async () => {
    const heard: string[] = [];
    redis.on('message', (_, message: string) => heard.push(message));
    await redis.subscribe('bookings.stored.v1');
    const socket = await facilitatorOn(world, person, 1);
    const id = await book('delivered');
    await allDelivered(world, person);
    await settled();
    const news = await eventually('the news', () => heard.find((message) => message.includes(id)));
    await redis.unsubscribe();
    expect(await redis.publish('bookings.stored.v1', news)).toBe(2);
    const next = await book('delivered');
    await socket.next('new_booking_notification', ({ notification_id }) => notification_id === next);
    expect(ids(socket)).toEqual([id, next]);
  });

  it('when its facilitator has marked it read', async () => {
    const socket = await facilitatorOn(world, person, 0, NEVER);
    const [read, unread] = [await book('delivered'), await book('delivered')];
    await socket.ask('mark_notification_read', { facilitator_id: person.id, notification_id: read });
    await leave(socket);
    expect(await shownAtNextConnect(1)).toEqual([unread]);
  });

  it('when it came while nobody was there and is shown at the connect, more than a page of them, oldest first', async () => {
    const many = Array.from({ length: 1_200 }, () => book('stored'));
    const stored = await Promise.all(many);
    const socket = await facilitatorOn(world, person, 1, { acks: true });
    await eventually('all are shown', () => shown(socket).length >= stored.length);
    expect(ids(socket)).toEqual([...stored].sort());
    const times = shown(socket).map(({ stored_at }) => stored_at);
    expect(times).toEqual([...times].sort());
    await allDelivered(world, person);
  });
});
