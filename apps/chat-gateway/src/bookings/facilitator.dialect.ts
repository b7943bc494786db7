import { Injectable, Logger } from '@nestjs/common';
import {
  type BookingNotification,
  facilitatorConnect,
  getPendingNotifications,
  KindlineError,
  markNotificationRead,
} from '@kindline/contracts';
import { BookingInbox } from '@kindline/domain';
import { Admission } from '../sockets/admission';
import { clientEvent, type Dialect, entryEvent } from '../sockets/client-event';
import { type ClientSocket, isPersons } from '../sockets/connections';
import { SocketAuth } from '../sockets/socket-auth';
import { BookingDelivery } from './booking-delivery';
import { Facilitators } from './facilitators';
import { SessionKeeper } from './session-keeper';

/** Events of facilitators, to whom bookings are brought. */
@Injectable()
export class FacilitatorDialect implements Dialect {
  private readonly logger = new Logger(FacilitatorDialect.name);
  private readonly reading = new Map<string, Promise<BookingNotification[]>>();

  constructor(
    private readonly auth: SocketAuth,
    private readonly admission: Admission,
    private readonly keeper: SessionKeeper,
    private readonly facilitators: Facilitators,
    private readonly delivery: BookingDelivery,
    private readonly inbox: BookingInbox,
  ) {}

  readonly events = [
    entryEvent({
      name: 'facilitator_connect',
      payload: facilitatorConnect,
      failureEvent: 'auth_error',
      limit: 'events',
      handle: async (client, { facilitator_id, token, acks = false }) => {
        await this.authenticate(client, facilitator_id, token);
        if (!isPersons(client)) throw new KindlineError('unauthenticated');
        await this.keeper.opened(client);
        this.facilitators.add(client, acks);
        client.socket.emit('facilitator_auth_success', { facilitator_id });
        this.delivery.pending([client.person.sub]).catch((err: unknown) => {
          // They stay pending, and the next catch-up tries again.
          this.logger.warn({ err, socketId: client.id }, 'pending bookings could not be shown');
        });
        return { facilitator_id };
      },
    }),
    clientEvent({
      name: 'get_pending_notifications',
      roles: ['facilitator'],
      payload: getPendingNotifications,
      limit: 'events',
      handle: async ({ socket, person }, { facilitator_id }) => {
        requireOwn(person.sub, facilitator_id);
        const notifications = await this.unread(person.sub);
        const pending = { notifications, count: notifications.length };
        socket.emit('pending_notifications', pending);
        return pending;
      },
    }),
    clientEvent({
      name: 'mark_notification_read',
      roles: ['facilitator'],
      payload: markNotificationRead,
      limit: 'events',
      handle: async ({ socket, person }, { facilitator_id, notification_id }) => {
        requireOwn(person.sub, facilitator_id);
        await this.inbox.markRead(person.sub, notification_id);
        socket.emit('notification_marked_read', { notification_id });
        return { notification_id };
      },
    }),
  ];

  /** Calls that come while one is being answered share its look-up: a list may be long. */
  private unread(sub: string): Promise<BookingNotification[]> {
    const known = this.reading.get(sub);
    if (known) return known;
    const read = this.inbox.unread(sub).finally(() => this.reading.delete(sub));
    this.reading.set(sub, read);
    return read;
  }

  /** @throws unauthenticated for a bad token, forbidden for one that is not this facilitator's */
  private async authenticate(
    client: ClientSocket,
    facilitatorId: string | number,
    token?: string,
  ): Promise<void> {
    if (token === undefined && !client.person)
      throw new KindlineError('unauthenticated', 'token is required');
    const shown = token === undefined ? undefined : await this.auth.person(client.socket, token);
    const person = shown?.person ?? client.person;
    if (!person?.roles.includes('facilitator')) {
      throw new KindlineError('forbidden', 'This needs a token with the role facilitator');
    }
    requireOwn(person.sub, facilitatorId);
    if (shown) await this.admission.lateComer(client, shown.person, shown.expiresAt);
  }
}

function requireOwn(sub: string, facilitatorId: string | number): void {
  if (String(facilitatorId) !== sub)
    throw new KindlineError('forbidden', 'facilitator_id is not the one of your token');
}
