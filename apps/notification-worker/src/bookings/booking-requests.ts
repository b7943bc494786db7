import { Inject, Injectable } from '@nestjs/common';
import { bookingEvent, type TransportNews } from '@kindline/contracts';
import { BookingIntake } from '@kindline/domain';
import {
  NEWS_SUBSCRIBER,
  parse,
  REDIS,
  type Reply,
  toKindlineError,
  type TransportSubscriber,
} from '@kindline/platform';
import type { Redis } from 'ioredis';

/** Nest's request pattern by which backends publish over the Redis transport. */
export const BOOKING_CREATED = 'booking.created';

/**
 * Bookings from the Redis transport. Every replica hears every request and the event is stored once, so all
 * of them give the same answer. Whoever can publish on this Redis is trusted as a backend.
 */
@Injectable()
export class BookingRequests {
  constructor(
    private readonly intake: BookingIntake,
    @Inject(NEWS_SUBSCRIBER) private readonly transport: TransportSubscriber<TransportNews>,
    @Inject(REDIS) private readonly redis: Redis,
  ) {}

  start(): void {
    this.transport.onRequest(BOOKING_CREATED, this.redis, (data) => this.answer(data));
  }

  /** What is wrong with the booking itself is answered; anything else is not, so that the sender tries again. */
  private async answer(data: unknown): Promise<Reply> {
    try {
      const event = parse(bookingEvent, data);
      const { booking_id, facilitator_id } = event;
      const { notificationId, status } = await this.intake.publish({ event, source: 'transport' });
      return { response: { notification_id: notificationId, booking_id, facilitator_id, status } };
    } catch (cause) {
      const { code, message, details, status } = toKindlineError(cause);
      if (status >= 500) throw cause;
      return { err: { code, message, ...(details.errors && { errors: details.errors }) } };
    }
  }
}
