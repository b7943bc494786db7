import { Inject, Injectable, Logger } from '@nestjs/common';
import type { BookingNewsMap, StoredBooking } from '@kindline/contracts';
import {
  BookingInbox,
  Emissions,
  EMITTED_WITHIN_MS,
  NEWS_PUBLISHER,
  type NewsPublisher,
} from '@kindline/domain';
import { CLOCK, type Clock } from '@kindline/platform';
import { GATEWAY_ID } from '../gateway-env';
import { Facilitators } from './facilitators';

/** What has not been received is read and emitted in pages of this size. */
const PAGE = 500;

/** Brings bookings to the facilitators here: live ones, and those that wait for somebody. */
@Injectable()
export class BookingDelivery {
  private readonly logger = new Logger(BookingDelivery.name);
  private catchingUp = false;

  constructor(
    private readonly facilitators: Facilitators,
    private readonly inbox: BookingInbox,
    private readonly emissions: Emissions,
    @Inject(NEWS_PUBLISHER) private readonly news: NewsPublisher,
    @Inject(GATEWAY_ID) private readonly gatewayId: string,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  readonly handlers: { [Name in keyof BookingNewsMap]: (news: BookingNewsMap[Name]) => void } = {
    'bookings.stored.v1': ({ origin, bookings }) => {
      // Its own were emitted right after their commit.
      if (origin !== this.gatewayId) this.emit(bookings);
    },
    'bookings.emitted.v1': ({ ids }) => this.emissions.heard(ids),
  };

  /** Emits what waits for a facilitator, oldest first. */
  async pending(facilitatorIds: string[]): Promise<void> {
    let after: StoredBooking | undefined;
    for (;;) {
      const page = await this.inbox.undelivered(facilitatorIds, PAGE, after);
      this.emit(page);
      after = page.at(-1);
      if (page.length < PAGE) return;
    }
  }

  /** Finds what a lost piece of news would have brought. */
  async catchUp(): Promise<void> {
    const ids = this.facilitators.ids();
    if (this.catchingUp || ids.length === 0) return;
    this.catchingUp = true;
    try {
      await this.pending(ids);
    } catch (err) {
      this.logger.warn({ err }, 'pending bookings could not be looked for');
    } finally {
      this.catchingUp = false;
    }
  }

  /** Emits them, and says so of those whose sender may still wait to hear it. */
  private emit(bookings: readonly StoredBooking[]): void {
    const live = this.facilitators.emit(bookings);
    const since = new Date(this.clock.now().getTime() - EMITTED_WITHIN_MS).toISOString();
    const ids = bookings.flatMap(({ notification: { notification_id: id, stored_at } }) =>
      live.has(id) && stored_at >= since ? [id] : [],
    );
    if (ids.length === 0) return;
    this.news
      .publish('bookings.emitted.v1', { ids })
      // Then they are answered by the record, a moment later.
      .catch((err: unknown) => this.logger.warn({ err }, 'emitted bookings could not be announced'));
  }
}
