import type { Ack, BookingEvent, BookingNotification } from '@kindline/contracts';
import { makePerson, SERVICE_TOKEN, type TestPerson, type TestSocket, type World } from './kit';

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
export async function facilitatorPerson(): Promise<TestPerson & { id: number }> {
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
