import type { BookingEvent } from '@kindline/contracts';
import { createTestDatabase, type TestDatabase } from '@kindline/testing';
import { randomUUID } from 'node:crypto';
import {
  allDelivered,
  backendOn,
  booking,
  facilitatorOn,
  facilitatorPerson,
  type FacilitatorPerson,
  offline,
  publish,
  publishOverHttp,
  shown,
} from './booking-kit';
import { at, type TestSocket, World } from './kit';

describe('a booking that is published again', () => {
  let database: TestDatabase;
  let world: World;
  let backends: TestSocket[];
  let person: FacilitatorPerson;

  beforeAll(async () => {
    database = await createTestDatabase();
    world = await World.start(database.url);
    backends = [await backendOn(world, 0), await backendOn(world, 1)];
  });
  beforeEach(async () => {
    person = await facilitatorPerson();
  });
  afterAll(async () => {
    await world.stop();
    await database.drop();
  });

  type Change = Partial<BookingEvent>;
  const event = (change: Change = {}): BookingEvent => booking({ facilitator_id: person.id, ...change });
  /** Through the gateways in turn and over HTTP. */
  const doors = (): ((sent: BookingEvent) => Promise<{ notification_id: string; status: string }>)[] => [
    (sent) => publish(at(backends, 0), sent),
    (sent) => publish(at(backends, 1), sent),
    (sent) => publishOverHttp(world, sent),
  ];
  /** What these sockets were shown; a booking through every door comes after all that was to be shown before. */
  async function shownOn(sockets: TestSocket[]): Promise<string[][]> {
    const last: string[] = [];
    for (const [index, door] of doors().entries()) {
      const { notification_id } = await door(event({ booking_id: `last ${index}`, event_id: randomUUID() }));
      last.push(notification_id);
    }
    return Promise.all(
      sockets.map(async (socket) => {
        for (const id of last) {
          await socket.next('new_booking_notification', ({ notification_id }) => notification_id === id);
        }
        const ids = shown(socket).map(({ notification_id }) => notification_id);
        return ids.filter((id) => !last.includes(id));
      }),
    );
  }
  const shownOnce = async (socket: TestSocket): Promise<string[]> => at(await shownOn([socket]), 0);

  it.each<[string, () => Change]>([
    ['with its event_id', () => ({ event_id: randomUUID() })],
    ['with the same content and no event_id', () => ({})],
  ])('%s is answered by every door as the first was, and not shown twice', async (_, change) => {
    const socket = await facilitatorOn(world, person, 1, { acks: true });
    const sent = event(change());
    const first = await publish(at(backends, 0), sent);
    expect(first).toEqual({
      ok: true,
      notification_id: expect.any(String),
      booking_id: 123,
      facilitator_id: person.id,
      status: 'delivered',
    });
    await allDelivered(world, person);
    const { notification_id, status } = first;
    for (const door of doors()) expect(await door(sent)).toMatchObject({ notification_id, status });
    expect(await shownOnce(socket)).toEqual([notification_id]);
  });

  it('is told to the backend by the same event as the first was', async () => {
    const [backend] = [at(backends, 1)];
    for (const answer of ['notification_delivered', 'notification_stored'] as const) {
      const sent = event({ event_id: randomUUID() });
      const socket = answer === 'notification_delivered' ? await facilitatorOn(world, person) : undefined;
      const { notification_id } = await publish(backend, sent);
      const own = () => backend.all(answer).filter((one) => one.notification_id === notification_id);
      expect(own()).toHaveLength(1);
      await allDeliveredOr(socket);
      backend.socket.emit('booking_notification', sent);
      await publish(backend, sent);
      expect(own()).toEqual(
        Array.from({ length: 3 }, () => ({ notification_id, booking_id: 123, facilitator_id: person.id })),
      );
      socket?.close();
      await offline(world, person);
    }
  });
  const allDeliveredOr = (socket: TestSocket | undefined) =>
    socket ? allDelivered(world, person) : Promise.resolve();

  it('with changed content is a new one', async () => {
    const socket = await facilitatorOn(world, person);
    const { user, session } = booking();
    const changes: Change[] = [
      {},
      { booking_id: 124 },
      { booking_id: '123' },
      { user: { ...user, id: 6 } },
      { user: { ...user, name: 'Janet Smith' } },
      { user: { ...user, email: 'JANE@example.com' } },
      { session: { ...session, id: '1' } },
      { session: { ...session, title: 'Evening Meditation' } },
      { session: { ...session, start_time: '2024-01-15T09:00:00Z' } },
    ];
    const ids = [];
    for (const change of changes) ids.push((await publish(at(backends, 0), event(change))).notification_id);
    expect(new Set(ids).size).toBe(changes.length);
    expect(await shownOnce(socket)).toEqual(ids);
    expect(shown(socket).slice(0, changes.length)).toEqual(
      changes.map((change) => {
        const { booking_id, user: who, session: what } = event(change);
        return expect.objectContaining({ booking_id, user: who, session: what });
      }),
    );
  });

  it('for the same facilitator by the other type of the id is the same, and echoes the type sent', async () => {
    const number = await publish(at(backends, 0), event());
    const text = await publish(at(backends, 1), event({ facilitator_id: person.sub }));
    expect([number.facilitator_id, text.facilitator_id]).toEqual([person.id, person.sub]);
    expect(text.notification_id).toBe(number.notification_id);
  });

  it('for another facilitator is another one, with the same content', async () => {
    const other = await facilitatorPerson();
    const [one, two] = [
      await publish(at(backends, 0), event()),
      await publish(at(backends, 0), event({ facilitator_id: other.id })),
    ];
    expect(one.notification_id).not.toBe(two.notification_id);
  });

  it('for another booking under the same key is a conflict by every door, and changes nothing', async () => {
    const key = randomUUID();
    const socket = await facilitatorOn(world, person, 1);
    const { notification_id } = await publishOverHttp(world, event(), key);
    const wrong = event({ booking_id: 7 });
    expect(await publishOverHttp(world, wrong, key)).toMatchObject({ httpStatus: 409, code: 'conflict' });
    for (const backend of backends) {
      await expect(publish(backend, { ...wrong, event_id: key })).rejects.toThrow('conflict');
    }
    expect(await publish(at(backends, 0), event({ event_id: key }))).toMatchObject({ notification_id });
    expect(await shownOnce(socket)).toEqual([notification_id]);
  });

  it('stays stored although it was delivered since', async () => {
    const sent = event();
    const first = await publish(at(backends, 0), sent);
    expect(first.status).toBe('stored');
    const socket = await facilitatorOn(world, person, 1);
    await socket.next('new_booking_notification');
    await allDelivered(world, person);
    for (const door of doors()) expect(await door(sent)).toMatchObject({ status: 'stored' });
    expect(await shownOnce(socket)).toEqual([first.notification_id]);
  });

  it('stays delivered although the facilitator has gone since', async () => {
    const socket = await facilitatorOn(world, person, 1);
    const sent = event();
    expect(await publish(at(backends, 0), sent)).toMatchObject({ status: 'delivered' });
    await allDelivered(world, person);
    socket.close();
    await offline(world, person);
    for (const door of doors()) expect(await door(sent)).toMatchObject({ status: 'delivered' });
  });

  it('stays delivered while the client still owes its confirmation', async () => {
    const socket = await facilitatorOn(world, person, 1, { acks: true, confirms: () => false });
    const sent = event();
    for (const door of doors()) expect(await door(sent)).toMatchObject({ status: 'delivered' });
    expect(shown(socket)).toHaveLength(1);
  });

  it.each([
    ['shown once and answered alike', true],
    ['stored once and answered alike', false],
  ])('through all doors at the same time is %s', async (_, online) => {
    const sockets = online
      ? [await facilitatorOn(world, person, 0), await facilitatorOn(world, person, 1, { acks: true })]
      : [];
    for (const sent of [event({ event_id: randomUUID() }), event({ booking_id: 'without event_id' })]) {
      const answers = await Promise.all(
        Array.from({ length: 5 }, () => doors().map((door) => door(sent))).flat(),
      );
      const [first] = answers;
      for (const { notification_id, status } of answers) {
        expect({ notification_id, status }).toEqual({
          notification_id: first?.notification_id,
          status: online ? 'delivered' : 'stored',
        });
      }
    }
    const { rows } = await world.sql.query<{ id: string }>(
      'SELECT id FROM booking_notifications WHERE facilitator_id = $1 ORDER BY id',
      [person.sub],
    );
    expect(rows).toHaveLength(2);
    const ids = rows.map(({ id }) => id);
    expect(await shownOn(sockets)).toEqual(sockets.map(() => ids));
  });
});
