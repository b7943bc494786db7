import type { Ack, BookingEvent, BookingNotification } from '@kindline/contracts';
import { at, eventually, makePerson, SERVICE_TOKEN, type TestPerson, TestSocket, type World } from './kit';

export type Published = Ack<{
  notification_id: string;
  booking_id: string | number;
  facilitator_id: string | number;
  status: 'delivered' | 'stored';
}>;

/** The source document's example, with what a test changes of it. */
export const booking = (change: Partial<BookingEvent> = {}): BookingEvent => ({
  booking_id: 123,
  user: { id: 5, name: 'Jane Smith', email: 'jane@example.com' },
  session: { id: 1, title: 'Morning Meditation', start_time: '2024-01-15T09:00:00' },
  facilitator_id: 2,
  ...change,
});

let lastId = 1_000;

/** Somebody whose id is a number, as in the source document. */
export type FacilitatorPerson = TestPerson & { id: number };

export async function facilitatorPerson(): Promise<FacilitatorPerson> {
  const id = ++lastId;
  return { ...(await makePerson('facilitator', String(id))), id };
}

/** A backend that has shown its token. */
export async function backendOn(world: World, gateway = 0, token = SERVICE_TOKEN): Promise<TestSocket> {
  const backend = await world.guest(gateway);
  backend.socket.emit('backend_connect', { token });
  await backend.next('backend_auth_success');
  return backend;
}

/** Publishes with a callback. @throws what the server refused it for */
export async function publish(backend: TestSocket, event: BookingEvent) {
  const answer = await backend.ask<Published>('booking_notification', event);
  if (!answer.ok) throw new Error(answer.error.code);
  return answer;
}

/** What this socket was shown, in the order in which it came. */
export const shown = (socket: TestSocket): BookingNotification[] => socket.all('new_booking_notification');

/** Publishes over HTTP. */
export async function publishOverHttp(
  world: World,
  event: BookingEvent,
  idempotencyKey?: string,
): Promise<{ httpStatus: number; notification_id: string; status: string; code?: string }> {
  const response = await fetch(`http://127.0.0.1:${at(world.apis, 0).port}/api/bookings/notifications`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${SERVICE_TOKEN}`,
      'content-type': 'application/json',
      ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
    },
    body: JSON.stringify(event),
  });
  const body = (await response.json()) as { notification_id: string; status: string };
  return { ...body, httpStatus: response.status };
}

export interface Manners {
  /** Says that it confirms. */
  acks?: boolean;
  /** Whether it then does; by default always. */
  confirms?: (notification: BookingNotification) => boolean;
}

/** A facilitator's frontend, connected and known. */
export const facilitatorOn = async (
  world: World,
  person: FacilitatorPerson,
  gateway = 0,
  manners: Manners = {},
): Promise<TestSocket> =>
  world.closeLater(await facilitatorOnPort(at(world.gateways, gateway).port, person, manners));

/** The same on the port of a gateway of its own; to be closed by the test. */
export async function facilitatorOnPort(
  port: number,
  { id: facilitator_id, token }: FacilitatorPerson,
  { acks = false, confirms = () => true }: Manners = {},
): Promise<TestSocket> {
  const socket = await TestSocket.guest(port);
  socket.socket.on('new_booking_notification', (notification: BookingNotification, received?: () => void) => {
    if (confirms(notification)) received?.();
  });
  const answer = await socket.ask<Ack>('facilitator_connect', { facilitator_id, token, acks });
  if (!answer.ok) throw new Error(answer.error.code);
  return socket;
}

/** Nobody of this facilitator is online any more, so that what comes now is stored. */
export const offline = (world: World, { sub }: TestPerson): Promise<unknown> =>
  eventually(`the sessions of ${sub} have ended`, async () => {
    const { rows } = await world.sql.query(
      'SELECT FROM facilitator_sessions WHERE facilitator_id = $1 AND ended_at IS NULL',
      [sub],
    );
    return rows.length === 0;
  });

/** Ids of what this facilitator has not received, as far as it is written down. */
export async function undelivered(world: World, { sub }: TestPerson): Promise<string[]> {
  const { rows } = await world.sql.query<{ id: string }>(
    'SELECT id FROM booking_notifications WHERE facilitator_id = $1 AND delivered_at IS NULL ORDER BY id',
    [sub],
  );
  return rows.map(({ id }) => id);
}

export const allDelivered = (world: World, person: TestPerson): Promise<unknown> =>
  eventually(
    `${person.sub} has received everything`,
    async () => (await undelivered(world, person)).length === 0,
  );

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
