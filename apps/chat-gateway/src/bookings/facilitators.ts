import { Inject, Injectable } from '@nestjs/common';
import type { BookingNotification, StoredBooking } from '@kindline/contracts';
import { type BookingEmitter, Emissions } from '@kindline/domain';
import { CLOCK, type Clock } from '@kindline/platform';
import { GatewayMetrics } from '../gateway-metrics';
import { Admission } from '../sockets/admission';
import type { ClientSocket, PersonSocket } from '../sockets/connections';
import { Receptions } from './receptions';
import { Shown } from './shown';

/** A client that confirms has this long to do so; afterwards the notification is pending until it connects again. */
export const CONFIRM_WITHIN_MS = 5_000;

interface Facilitator {
  readonly client: PersonSocket;
  acks: boolean;
  readonly shown: Shown;
}

/** The facilitators' sockets of this gateway, and what is emitted to them. */
@Injectable()
export class Facilitators implements BookingEmitter {
  private readonly byId = new Map<string, Facilitator[]>();

  constructor(
    private readonly receptions: Receptions,
    private readonly emissions: Emissions,
    private readonly metrics: GatewayMetrics,
    @Inject(CLOCK) private readonly clock: Clock,
    admission: Admission,
  ) {
    admission.onLeave((client) => this.remove(client));
  }

  /**
   * From here on its bookings are emitted to this socket. Repeating it changes `acks`, and lets what was not
   * confirmed in time come again.
   */
  add(client: PersonSocket, acks: boolean): void {
    const { sub } = client.person;
    const own = this.of(client);
    if (own) {
      own.acks = acks;
      own.shown.forgetLate();
    } else this.byId.set(sub, [...(this.byId.get(sub) ?? []), { client, acks, shown: new Shown() }]);
  }

  ids(): string[] {
    return [...this.byId.keys()];
  }

  /** @returns the ids of those that a live socket here has got, now or before */
  emit(bookings: readonly StoredBooking[]): ReadonlySet<string> {
    const live = new Set<string>();
    let emitted = 0;
    for (const { facilitatorId, notification } of bookings) {
      for (const facilitator of this.byId.get(facilitatorId) ?? []) {
        if (!facilitator.client.socket.connected) continue;
        live.add(notification.notification_id);
        if (facilitator.shown.has(notification.notification_id)) continue;
        this.emitTo(facilitator, notification);
        emitted++;
      }
    }
    if (emitted > 0) this.metrics.bookingsEmitted(emitted);
    this.emissions.heard(live);
    return live;
  }

  private emitTo({ client, acks, shown }: Facilitator, notification: BookingNotification): void {
    const { notification_id: id } = notification;
    shown.add(id);
    const emittedAt = this.clock.now();
    const received = (receivedAt: Date): void =>
      this.receptions.add({ id, emittedAt, receivedAt }, () => shown.wasWritten(id, this.clock.now()));
    if (!acks) {
      client.socket.emit('new_booking_notification', notification);
      received(emittedAt);
      return;
    }
    // At once, because a repeat of the event is answered by it.
    this.receptions.add({ id, emittedAt, receivedAt: null });
    client.socket
      .timeout(CONFIRM_WITHIN_MS)
      .emit('new_booking_notification', notification, (late: Error | null) => {
        if (late) shown.notConfirmed(id);
        else received(this.clock.now());
      });
  }

  private of({ id, person }: ClientSocket): Facilitator | undefined {
    return person && this.byId.get(person.sub)?.find(({ client }) => client.id === id);
  }

  private remove({ id, person }: ClientSocket): void {
    if (!person) return;
    const rest = (this.byId.get(person.sub) ?? []).filter(({ client }) => client.id !== id);
    if (rest.length > 0) this.byId.set(person.sub, rest);
    else this.byId.delete(person.sub);
  }
}
