import { Controller, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { actorOf, CurrentPrincipal, type Principal } from '@kindline/auth';
import {
  bookingEvent,
  type BookingFailure,
  bookingHeaders,
  KindlineError,
  publishBookings,
  publishedBooking,
  publishedBookings,
} from '@kindline/contracts';
import { Bookings, type NewBooking } from '@kindline/domain';
import { Endpoint, HeaderInput, Input, parse, toKindlineError } from '@kindline/platform';
import { z } from 'zod';

type Published = z.infer<typeof publishedBooking>;
type Result = z.infer<typeof publishedBookings>['results'][number];

@ApiTags('bookings')
@Controller('api/bookings/notifications')
export class BookingsController {
  constructor(private readonly bookings: Bookings) {}

  @Post()
  @Endpoint({
    summary: 'Publish a booking, or a batch of up to 500, to their facilitators',
    access: { serviceOnly: true },
    headers: bookingHeaders,
    body: publishBookings,
    response: z.union([publishedBooking, publishedBookings]),
    status: 202,
    errors: ['conflict'],
  })
  async publish(
    @Input() input: z.output<typeof publishBookings>,
    @HeaderInput() { 'idempotency-key': key }: z.output<typeof bookingHeaders>,
    @CurrentPrincipal() principal: Principal,
  ): Promise<Published | z.infer<typeof publishedBookings>> {
    const source = actorOf(principal);
    if (Array.isArray(input)) return { results: await this.batch(input, key, source) };
    const [result] = await this.store([{ event: input, idempotencyKey: key, source }]);
    if (!result || result instanceof KindlineError) throw result ?? new KindlineError('internal');
    return result;
  }

  /** Each is checked and answered by itself: one bad booking does not hold back the others. */
  private async batch(items: unknown[], key: string | undefined, source: string): Promise<Result[]> {
    const checked = items.map((item) => attempt(() => parse(bookingEvent, item)));
    const valid: NewBooking[] = [];
    checked.forEach((event, index) => {
      if (event instanceof KindlineError) return;
      // Of a batch that is sent again each booking is known by its place.
      valid.push({ event, source, ...(key !== undefined && { idempotencyKey: `${key}#${index}` }) });
    });
    const results = (await this.store(valid)).values();
    return checked.map((event, index): Result => {
      const result =
        event instanceof KindlineError ? event : (results.next().value ?? new KindlineError('internal'));
      const booking_id = bookingIdOf(items[index]);
      if (result instanceof KindlineError) {
        return { ...(booking_id !== undefined && { booking_id }), error: failureOf(result) };
      }
      return { booking_id: booking_id ?? '', ...result };
    });
  }

  private async store(bookings: NewBooking[]): Promise<(Published | KindlineError)[]> {
    if (bookings.length === 0) return [];
    const published = await this.bookings.publish(bookings);
    return Promise.all(
      published.map(async (booking) =>
        booking instanceof KindlineError
          ? booking
          : { notification_id: booking.notificationId, status: await booking.status },
      ),
    );
  }
}

function attempt<T>(work: () => T): T | KindlineError {
  try {
    return work();
  } catch (error) {
    return toKindlineError(error);
  }
}

function bookingIdOf(item: unknown): string | number | undefined {
  const id = (item as { booking_id?: unknown } | null)?.booking_id;
  return typeof id === 'number' || (typeof id === 'string' && id.length <= 128) ? id : undefined;
}

function failureOf({ code, message, details }: KindlineError): BookingFailure {
  return { code, message, ...(details.errors && { errors: details.errors }) };
}
