import { createTestDatabase, type TestDatabase } from '@kindline/testing';
import { randomUUID } from 'node:crypto';
import { io, type Socket } from 'socket.io-client';
import { allDelivered, facilitatorPerson, type FacilitatorPerson, offline } from './booking-kit';
import { at, eventually, SERVICE_TOKEN, World } from './kit';

interface Notification {
  booking_id: number;
  notification_id: string;
  timestamp: string;
}

/** Written as the source document's examples are: no handshake token, no callbacks, ids that are numbers. */
class DocumentClient {
  readonly heard: { event: string; data: unknown }[] = [];
  readonly socket: Socket;

  constructor(port: number) {
    this.socket = io(`http://localhost:${port}`, { forceNew: true });
    this.socket.onAny((event: string, data: unknown) => this.heard.push({ event, data }));
  }

  all<Data>(event: string): Data[] {
    return this.heard.filter((one) => one.event === event).map(({ data }) => data as Data);
  }

  /** The first such event since `from` events of this name. */
  next<Data = unknown>(event: string, from = 0): Promise<Data> {
    return eventually(`${event} after ${JSON.stringify(this.heard)}`, () => this.all<Data>(event)[from]);
  }

  /** Sends and waits for the next event named `answer`. */
  async ask<Data = unknown>(event: string, data: object, answer: string): Promise<Data> {
    const before = this.all(answer).length;
    this.socket.emit(event, data);
    return this.next<Data>(answer, before);
  }
}

describe('a client written as the source document shows', () => {
  let database: TestDatabase;
  let world: World;
  let backend: DocumentClient;
  let person: FacilitatorPerson;
  const clients: DocumentClient[] = [];

  const open = (gateway: number): DocumentClient => {
    const client = new DocumentClient(at(world.gateways, gateway).port);
    clients.push(client);
    return client;
  };

  /** The facilitator's frontend, connected to a replica and known there. */
  async function frontend(gateway: number): Promise<DocumentClient> {
    const client = open(gateway);
    const { id: facilitator_id, token } = person;
    const connected = { facilitator_id, token };
    expect(await client.ask('facilitator_connect', connected, 'facilitator_auth_success')).toEqual({
      facilitator_id,
    });
    return client;
  }

  const booking = (booking_id: number) => ({
    booking_id,
    user: { id: 5, name: 'Jane Smith', email: 'jane@example.com' },
    session: { id: 1, title: 'Morning Meditation', start_time: '2024-01-15T09:00:00' },
    facilitator_id: person.id,
  });
  const book = (booking_id: number, answer: string) =>
    backend.ask<{ notification_id: string }>('booking_notification', booking(booking_id), answer);
  const pendingOf = (client: DocumentClient) =>
    client.ask<{ notifications: Notification[]; count: number }>(
      'get_pending_notifications',
      { facilitator_id: person.id },
      'pending_notifications',
    );
  const bookingIds = (notifications: Notification[]): number[] =>
    notifications.map(({ booking_id }) => booking_id);
  const allGone = () => offline(world, person);

  beforeAll(async () => {
    database = await createTestDatabase();
    world = await World.start(database.url, { apis: 0 });
    backend = open(0);
    await backend.ask('backend_connect', { token: SERVICE_TOKEN }, 'backend_auth_success');
  });
  beforeEach(async () => {
    person = await facilitatorPerson();
  });
  afterAll(async () => {
    for (const { socket } of clients) socket.disconnect();
    await world.stop();
    await database.drop();
  });

  it('is told that it is connected, and by which id', async () => {
    const client = open(1);
    expect(await client.next('connection_response')).toEqual({
      status: 'connected',
      socket_id: client.socket.id,
    });
  });

  it('is told as a backend that its token is good', async () => {
    const another = open(1);
    expect(await another.ask('backend_connect', { token: SERVICE_TOKEN }, 'backend_auth_success')).toEqual({
      status: 'authenticated',
    });
  });

  it('is told by auth_error that its token is wrong, as a backend and as a facilitator', async () => {
    const client = open(1);
    const refused = { error: expect.stringMatching(/./), code: 'unauthenticated' };
    expect(await client.ask('backend_connect', { token: 'wrong' }, 'auth_error')).toEqual(refused);
    const wrong = { facilitator_id: person.id, token: 'wrong' };
    expect(await client.ask('facilitator_connect', wrong, 'auth_error')).toEqual(refused);
    expect(client.all('backend_auth_success')).toEqual([]);
    expect(client.all('facilitator_auth_success')).toEqual([]);
  });

  it('is told of its missing fields by notification_error, with the booking if it named one', async () => {
    const { user, session } = booking(20);
    for (const data of [
      { booking_id: 20, user },
      { booking_id: 20, user, session },
    ]) {
      expect(await backend.ask('booking_notification', data, 'notification_error')).toEqual({
        error: expect.stringMatching(/./),
        code: 'validation_failed',
        booking_id: 20,
      });
    }
    expect(await backend.ask('booking_notification', { user }, 'notification_error')).toEqual({
      error: expect.stringMatching(/./),
      code: 'validation_failed',
    });
  });

  it('shows a booking at once, also from the other replica, and confirms that to the backend', async () => {
    for (const gateway of [0, 1]) {
      const client = await frontend(gateway);
      const before = backend.all('notification_delivered').length;
      const { notification_id } = await book(30 + gateway, 'notification_delivered');
      expect(backend.all('notification_delivered')[before]).toEqual({
        notification_id,
        booking_id: 30 + gateway,
        facilitator_id: person.id,
      });
      const { booking_id, user, session } = booking(30 + gateway);
      // The one before may come again: that it was received is written down a moment later.
      const shown = await eventually('it is shown', () =>
        client
          .all<Notification & { stored_at: string }>('new_booking_notification')
          .find((one) => one.booking_id === booking_id),
      );
      expect(shown).toEqual({
        type: 'new_booking',
        booking_id,
        user,
        session,
        timestamp: shown.stored_at,
        message: 'New booking from Jane Smith for Morning Meditation',
        notification_id,
        stored_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      });
      client.socket.disconnect();
      await allGone();
    }
  });

  it('shows what came while nobody was there at the next connect, oldest first', async () => {
    const client = await frontend(1);
    client.socket.disconnect();
    await allGone();
    const stored = [];
    for (const id of [43, 41, 42]) {
      const told = await book(id, 'notification_stored');
      expect(told).toEqual({
        notification_id: expect.any(String),
        booking_id: id,
        facilitator_id: person.id,
      });
      stored.push(told.notification_id);
    }
    const again = await frontend(0);
    await again.next('new_booking_notification', 2);
    const shown = again.all<Notification>('new_booking_notification');
    expect(bookingIds(shown)).toEqual([43, 41, 42]);
    expect(shown.map(({ notification_id }) => notification_id)).toEqual(stored);
    // What it has been shown does not come again.
    await allDelivered(world, person);
    again.socket.disconnect();
    await allGone();
    const third = await frontend(1);
    await book(44, 'notification_delivered');
    await third.next('new_booking_notification');
    expect(bookingIds(third.all('new_booking_notification'))).toEqual([44]);
  });

  it('gets on request everything that it has not marked read, shown or not, oldest first', async () => {
    const client = await frontend(0);
    expect(await pendingOf(client)).toEqual({ notifications: [], count: 0 });
    for (const id of [51, 52, 53]) await book(id, 'notification_delivered');
    const pending = await pendingOf(client);
    expect(pending).toEqual({ notifications: client.all('new_booking_notification'), count: 3 });
    expect(bookingIds(pending.notifications)).toEqual([51, 52, 53]);
  });

  it('marks a notification read, after which it is pending no more', async () => {
    const client = await frontend(1);
    for (const id of [61, 62]) await book(id, 'notification_delivered');
    const { notifications } = await pendingOf(client);
    const { notification_id } = at(notifications, 0);
    const read = { facilitator_id: person.id, notification_id };
    expect(await client.ask('mark_notification_read', read, 'notification_marked_read')).toEqual({
      notification_id,
    });
    expect(await pendingOf(client)).toEqual({ notifications: notifications.slice(1), count: 1 });
    // Repeating it is answered the same.
    await client.ask('mark_notification_read', read, 'notification_marked_read');
    expect((await pendingOf(client)).count).toBe(1);
  });

  it("is told by error that a notification is somebody else's or unknown", async () => {
    const owner = await frontend(0);
    const { notification_id } = await book(71, 'notification_delivered');
    const { id } = person;
    person = await facilitatorPerson();
    const thief = await frontend(0);
    const refused = (code: string) => ({ error: expect.stringMatching(/./), code });
    for (const other of [notification_id, randomUUID()]) {
      const read = { facilitator_id: person.id, notification_id: other };
      expect(await thief.ask('mark_notification_read', read, 'error')).toEqual(refused('not_found'));
    }
    const read = { facilitator_id: id, notification_id };
    expect(await thief.ask('mark_notification_read', read, 'error')).toEqual(refused('forbidden'));
    expect(await thief.ask('get_pending_notifications', { facilitator_id: id }, 'error')).toEqual(
      refused('forbidden'),
    );
    expect(thief.all('new_booking_notification')).toEqual([]);
    const pending = { facilitator_id: id };
    expect(await owner.ask('get_pending_notifications', pending, 'pending_notifications')).toMatchObject({
      count: 1,
    });
  });
});
