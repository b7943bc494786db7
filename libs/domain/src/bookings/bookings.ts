import { Inject, Injectable, Logger, Optional } from '@nestjs/common';
import { type BookingStatus, KindlineError, type StoredBooking } from '@kindline/contracts';
import { CLOCK, type Clock } from '@kindline/platform';
import { NEWS_PUBLISHER, type NewsPublisher } from '../announcements/announcer';
import { notificationOf } from './booking-identity';
import { type BookingRecord, BookingStore, EMITTED_WITHIN_MS, type NewBooking } from './booking-store';
import { Emissions } from './emissions';

/** Emits bookings to facilitators' sockets of this process. @returns the ids of those that a live socket has got */
export interface BookingEmitter {
  emit(bookings: readonly StoredBooking[]): ReadonlySet<string>;
}
/** Nest tokens: the emitter, in services with sockets; this process's id on the transport. */
export const BOOKING_EMITTER = Symbol('BOOKING_EMITTER');
export const BOOKING_ORIGIN = Symbol('BOOKING_ORIGIN');

/** A stored booking; `status` resolves once it is known whether a live socket got it, within two seconds. */
export interface PublishedBooking {
  notificationId: string;
  status: Promise<BookingStatus>;
}

/** What a backend publishes, by whichever door it came. */
@Injectable()
export class Bookings {
  private readonly logger = new Logger(Bookings.name);

  constructor(
    private readonly store: BookingStore,
    private readonly emissions: Emissions,
    @Inject(NEWS_PUBLISHER) private readonly news: NewsPublisher,
    @Inject(BOOKING_ORIGIN) private readonly origin: string,
    @Inject(CLOCK) private readonly clock: Clock,
    @Optional() @Inject(BOOKING_EMITTER) private readonly emitter?: BookingEmitter,
  ) {}

  /**
   * Stores a group, and only then emits it. Answers after the commit and in the group's order; an event that
   * was published before is answered as it was then, and not emitted again.
   * @returns for each what became of it, or why it was not stored
   */
  async publish(bookings: NewBooking[]): Promise<(PublishedBooking | KindlineError)[]> {
    const records = await this.store.put(bookings);
    const fresh: StoredBooking[] = [];
    records.forEach((record, index) => {
      const booking = bookings[index];
      if (!booking || record instanceof KindlineError || record.answered) return;
      const { id, facilitatorId, createdAt } = record;
      fresh.push({ facilitatorId, notification: notificationOf(booking.event, id, createdAt) });
    });
    const emitted = this.emitter?.emit(fresh) ?? NONE;
    const published = records.map((record) =>
      record instanceof KindlineError
        ? record
        : { notificationId: record.id, status: this.status(record, emitted.has(record.id)) },
    );
    if (fresh.length > 0) this.spread(fresh);
    return published;
  }

  private status(record: BookingRecord, emitted: boolean): Promise<BookingStatus> {
    // Whoever comes just after it was stored finds it waiting; it is answered as stored, now and when it is repeated.
    if (!record.online) return STORED;
    if (emitted || record.answered === 'delivered') return DELIVERED;
    // A repeat that comes while the first one is still on its way is answered with it.
    const leftMs = record.createdAt.getTime() + EMITTED_WITHIN_MS - this.clock.now().getTime();
    if (leftMs <= 0) return STORED;
    return this.soon(record.id, leftMs);
  }

  /** By the news of it, and by the record: news may be lost, and those of a repeat may have passed already. */
  private async soon(id: string, leftMs: number): Promise<BookingStatus> {
    const firstMs = Math.min(leftMs, LOOK_AFTER_MS);
    for (const waitMs of [firstMs, leftMs - firstMs]) {
      if ((await this.emissions.watch(id, waitMs)) || (await this.store.wasEmitted(id))) return 'delivered';
    }
    return 'stored';
  }

  /** Lost news are no lost bookings: gateways look for what is still pending. */
  private spread(bookings: StoredBooking[]): void {
    this.news
      .publish('bookings.stored.v1', { origin: this.origin, bookings })
      .catch((err: unknown) => this.logger.warn({ err }, 'bookings could not be announced'));
  }
}

/** An emission is on record a moment after it. */
const LOOK_AFTER_MS = 100;

const NONE: ReadonlySet<string> = new Set();
const DELIVERED: Promise<BookingStatus> = Promise.resolve('delivered');
const STORED: Promise<BookingStatus> = Promise.resolve('stored');
