import { Injectable } from '@nestjs/common';
import {
  backendConnect,
  bookingEvent,
  type BookingOutcome,
  type BookingServerEvents,
} from '@kindline/contracts';
import { AuditLog, BookingIntake } from '@kindline/domain';
import { Admission } from '../sockets/admission';
import { backendEvent, type Dialect, entryEvent } from '../sockets/client-event';
import { SocketAuth } from '../sockets/socket-auth';

const EVENT_OF = {
  delivered: 'notification_delivered',
  stored: 'notification_stored',
} as const satisfies Record<string, keyof BookingServerEvents>;

/** Events of backends that publish bookings. */
@Injectable()
export class BackendDialect implements Dialect {
  constructor(
    private readonly auth: SocketAuth,
    private readonly admission: Admission,
    private readonly audit: AuditLog,
    private readonly intake: BookingIntake,
  ) {}

  readonly events = [
    entryEvent({
      name: 'backend_connect',
      payload: backendConnect,
      failureEvent: 'auth_error',
      limit: 'events',
      handle: async (client, { token }) => {
        const fingerprint = await this.auth.backend(client.socket, token);
        await this.audit.record({ actor: `service:${fingerprint}`, action: 'backend_connect' });
        this.admission.backend(client, fingerprint);
        client.socket.emit('backend_auth_success', { status: 'authenticated' });
      },
    }),
    backendEvent({
      name: 'booking_notification',
      payload: bookingEvent,
      failureEvent: 'notification_error',
      failureContext: bookingIdOf,
      limit: 'bookings',
      handle: async ({ socket, backend }, event) => {
        const { booking_id, facilitator_id } = event;
        const { notificationId, status } = await this.intake.publish({ event, source: `service:${backend}` });
        const outcome: BookingOutcome = { notification_id: notificationId, booking_id, facilitator_id };
        socket.emit(EVENT_OF[status], outcome);
        return { ...outcome, status };
      },
    }),
  ];
}

/** So that a backend knows which of its bookings failed, whatever else was wrong with it. */
function bookingIdOf(payload: unknown): object {
  const id = (payload as { booking_id?: unknown } | null | undefined)?.booking_id;
  return typeof id === 'number' || (typeof id === 'string' && id.length <= 128) ? { booking_id: id } : {};
}
