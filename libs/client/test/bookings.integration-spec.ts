import { createTestDatabase, type TestDatabase } from '@kindline/testing';
import {
  allDelivered,
  backendOn,
  booking,
  type FacilitatorPerson,
  facilitatorPerson,
  publish,
  undelivered,
} from '../../../apps/chat-gateway/test/booking-kit';
import {
  at,
  eventually,
  makePerson,
  type TestPerson,
  type TestSocket,
  World,
} from '../../../apps/chat-gateway/test/kit';
import type { Booking, KindlineClient } from '../src/api';
import { createClient } from '../src/create-client';

let database: TestDatabase;
let world: World;
let backend: TestSocket;

beforeAll(async () => {
  database = await createTestDatabase();
  world = await World.start(database.url, { gateways: 2 });
  backend = await backendOn(world);
}, 60_000);
afterAll(async () => {
  await world.stop();
  await database.drop();
});

function clientOf(person: TestPerson): KindlineClient {
  const client = createClient({
    gatewayUrl: `http://127.0.0.1:${at(world.gateways, 1).port}`,
    apiUrl: `http://127.0.0.1:${at(world.apis, 0).port}`,
    token: () => person.token,
  });
  world.stopLater({ stop: async () => client.close() });
  client.connect();
  return client;
}

const online = (client: KindlineClient): Promise<unknown> =>
  eventually('it is online', () => client.connection.get().status === 'online');
const inbox = ({ bookings }: KindlineClient): [Booking['bookingId'], boolean][] | undefined =>
  bookings.inbox.get()?.map(({ bookingId, live }) => [bookingId, live]);
const publishTo = ({ id }: FacilitatorPerson, booking_id: number) =>
  publish(backend, booking({ booking_id, facilitator_id: id }));

describe("a facilitator's inbox", () => {
  it('has what waited and what comes, once each, and says so to the server', async () => {
    const person = await facilitatorPerson();
    await publishTo(person, 1);
    const client = clientOf(person);
    const live: Booking['bookingId'][] = [];
    client.bookings.onBooking(({ bookingId }) => live.push(bookingId));
    expect(client.bookings.inbox.get()).toBeNull();
    await eventually('it has come', () => inbox(client)?.length === 1);
    await allDelivered(world, person);
    expect(await publishTo(person, 2)).toMatchObject({ status: 'delivered' });
    await eventually('it has come', () => inbox(client)?.length === 2);
    expect(inbox(client)).toEqual([
      [2, true],
      [1, false],
    ]);
    expect(at(client.bookings.inbox.get() ?? [], 0)).toMatchObject({
      user: { name: 'Jane Smith' },
      session: { title: 'Morning Meditation', startTime: '2024-01-15T09:00:00' },
      message: expect.stringContaining('Jane Smith'),
    });
    expect(live).toEqual([2]);
    await allDelivered(world, person);
    expect(await undelivered(world, person)).toEqual([]);

    await client.bookings.markRead(at(client.bookings.inbox.get() ?? [], 0).notificationId);
    expect(inbox(client)).toEqual([[1, false]]);
    client.close();
    const again = clientOf(person);
    await eventually('it has come', () => inbox(again) !== undefined);
    expect(inbox(again)).toEqual([[1, false]]);
  });

  it('has what came while it was away, as something new', async () => {
    const person = await facilitatorPerson();
    const client = clientOf(person);
    const live: Booking['bookingId'][] = [];
    client.bookings.onBooking(({ bookingId }) => live.push(bookingId));
    await eventually('it is empty', () => inbox(client)?.length === 0);
    client.close();
    await publishTo(person, 3);
    client.connect();
    await eventually('it has come', () => inbox(client)?.length === 1);
    await allDelivered(world, person);
    expect([inbox(client), live]).toEqual([[[3, true]], [3]]);
  });

  it('does not keep what was marked read on another device while it was away', async () => {
    const person = await facilitatorPerson();
    await publishTo(person, 4);
    await publishTo(person, 5);
    const [here, there] = [clientOf(person), clientOf(person)];
    for (const client of [here, there]) await eventually('both have come', () => inbox(client)?.length === 2);
    here.close();
    await there.bookings.markRead(at(there.bookings.inbox.get() ?? [], 0).notificationId);
    here.connect();
    await eventually('one is left', () => inbox(here)?.length === 1);
    expect(inbox(here)).toEqual([[4, false]]);
  });

  it('is nobody else’s', async () => {
    const client = clientOf(await makePerson('user'));
    await online(client);
    await client.request('GET', '/api/conversations');
    expect(client.bookings.inbox.get()).toBeNull();
    const refusal = client.bookings.markRead('01900000-0000-7000-8000-000000000000');
    await expect(refusal).rejects.toMatchObject({ code: 'forbidden' });
  });
});
