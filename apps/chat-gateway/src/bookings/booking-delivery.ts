import { Inject, Injectable, Logger } from '@nestjs/common';
import type { BookingNewsMap, StoredBooking } from '@kindline/contracts';
import { BookingInbox, Emissions, NEWS_PUBLISHER, type NewsPublisher } from '@kindline/domain';
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
  ) {}

  readonly handlers: { [Name in keyof BookingNewsMap]: (news: BookingNewsMap[Name]) => void } = {
    'bookings.stored.v1': ({ origin, bookings }) => {
      // Its own were emitted right after their commit.
      if (origin !== this.gatewayId) this.emit(bookings, origin);
    },
    'bookings.emitted.v1': ({ ids }) => this.emissions.heard(ids),
  };

  /** Emits what waits for a facilitator, oldest first. */
  async pending(facilitatorIds: string[]): Promise<void> {
    let after: string | undefined;
    for (;;) {
      const page = await this.inbox.undelivered(facilitatorIds, PAGE, after);
      this.facilitators.emit(page);
      after = page.at(-1)?.notification.notification_id;
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

  private emit(bookings: readonly StoredBooking[], origin: string): void {
    const ids = [...this.facilitators.emit(bookings)];
    if (ids.length === 0) return;
    this.news
      .publish('bookings.emitted.v1', { origin, ids })
      // Then they are answered as stored; that is no lie, only less than could have been said.
      .catch((err: unknown) => this.logger.warn({ err }, 'emitted bookings could not be announced'));
  }
}
