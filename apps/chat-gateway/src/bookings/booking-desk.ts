import { Injectable } from '@nestjs/common';
import type { TransportNews } from '@kindline/contracts';
import { BookingIntake, SESSION_SEEN_EVERY_MS } from '@kindline/domain';
import type { TransportSubscriber } from '@kindline/platform';
import { BookingDelivery } from './booking-delivery';
import { Receptions } from './receptions';
import { SessionKeeper } from './session-keeper';

/** How often bookings are looked for that nobody emitted. */
const CATCH_UP_EVERY_MS = 15_000;

/** The bookings' part of the gateway: what runs by itself, and what must be finished before it ends. */
@Injectable()
export class BookingDesk {
  private readonly timers: NodeJS.Timeout[] = [];

  constructor(
    private readonly intake: BookingIntake,
    private readonly delivery: BookingDelivery,
    private readonly receptions: Receptions,
    private readonly keeper: SessionKeeper,
  ) {}

  start(news: TransportSubscriber<TransportNews>): void {
    const { handlers } = this.delivery;
    news.on('bookings.stored.v1', handlers['bookings.stored.v1']);
    news.on('bookings.emitted.v1', handlers['bookings.emitted.v1']);
    news.onReconnect(() => {
      void this.delivery.catchUp();
      // While Redis was away from here another gateway may have taken the sessions here for ended.
      void this.keeper.beat();
    });
    this.timers.push(
      setInterval(() => void this.delivery.catchUp(), CATCH_UP_EVERY_MS),
      setInterval(() => void this.keeper.beat(), SESSION_SEEN_EVERY_MS),
    );
  }

  /** Resolves when every booking handed over is stored and answered. */
  async stop(): Promise<void> {
    for (const timer of this.timers.splice(0)) clearInterval(timer);
    await this.intake.settled();
  }

  /** Resolves when what the last sockets confirmed, and that they have left, is on record. */
  async settled(): Promise<void> {
    await this.receptions.settled();
    await this.keeper.settled();
  }
}
