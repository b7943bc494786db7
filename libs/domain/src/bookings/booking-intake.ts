import { Injectable } from '@nestjs/common';
import { type BookingStatus, KindlineError } from '@kindline/contracts';
import { Gatherer } from '@kindline/platform';
import type { NewBooking } from './booking-store';
import { Bookings, type PublishedBooking } from './bookings';

/** Most bookings stored together, and groups on their way to Postgres at once. */
const MOST = 128;
const LANES = 2;

/** Publishes bookings that come one by one, in groups. */
@Injectable()
export class BookingIntake {
  private readonly gatherer: Gatherer<NewBooking, PublishedBooking | KindlineError>;
  private readonly unanswered = new Set<Promise<unknown>>();

  constructor(bookings: Bookings) {
    this.gatherer = new Gatherer((group) => bookings.publish(group), { most: MOST, lanes: LANES });
  }

  /** Resolves when it is stored, and known whether a live socket got it. @throws conflict, or why it was not stored */
  publish(booking: NewBooking): Promise<{ notificationId: string; status: BookingStatus }> {
    const answer = this.answer(booking);
    this.unanswered.add(answer);
    const answered = (): void => void this.unanswered.delete(answer);
    answer.then(answered, answered);
    return answer;
  }

  /** Resolves when everything handed over is stored and answered. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.unanswered);
  }

  private async answer(booking: NewBooking): Promise<{ notificationId: string; status: BookingStatus }> {
    const published = await this.gatherer.add(booking);
    if (published instanceof KindlineError) throw published;
    return { notificationId: published.notificationId, status: await published.status };
  }
}
