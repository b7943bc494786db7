import {
  Inject,
  Injectable,
  type OnApplicationShutdown,
  type OnModuleInit,
  type Provider,
} from '@nestjs/common';
import type { TransportNews } from '@kindline/contracts';
import { NEWS_SUBSCRIBER, type TransportSubscriber } from '@kindline/platform';
import { randomUUID } from 'node:crypto';
import { BookingStore } from './booking-store';
import { BOOKING_ORIGIN, Bookings } from './bookings';
import { Emissions } from './emissions';

/** Hears what gateways have emitted. */
@Injectable()
class EmissionsListener implements OnModuleInit, OnApplicationShutdown {
  constructor(
    private readonly emissions: Emissions,
    @Inject(NEWS_SUBSCRIBER) private readonly news: TransportSubscriber<TransportNews>,
  ) {}

  onModuleInit(): void {
    this.news.on('bookings.emitted.v1', ({ ids }) => this.emissions.heard(ids));
  }

  onApplicationShutdown(): void {
    this.news.close();
  }
}

/** What a service without sockets needs to publish bookings, beside a NEWS_PUBLISHER. */
export function bookingPublishing(subscriber: () => TransportSubscriber<TransportNews>): Provider[] {
  return [
    { provide: NEWS_SUBSCRIBER, useFactory: subscriber },
    { provide: BOOKING_ORIGIN, useValue: randomUUID() },
    Bookings,
    BookingStore,
    Emissions,
    EmissionsListener,
  ];
}
