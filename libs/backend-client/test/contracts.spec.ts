import type {
  bookingEvent,
  BookingStatus as WireStatus,
  FieldError as WireFieldError,
  ForeignId as WireForeignId,
  publishedBooking,
} from '@kindline/contracts';
import { BOOKING_BATCH, bookingEvent as schema } from '@kindline/contracts';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { z } from 'zod';
import type { Booking, BookingStatus, FieldError, ForeignId } from '../src';
import { LARGEST_BATCH } from '../src/outbox';
import { booking } from './fake-api';

type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : ['these differ', A, B];
const same = <A, B>(agreed: Same<A, B>): void => expect(agreed).toBe(true);
/** Members one by one, so that an intersection equals what it comes to. */
type Flat<T> = T extends object ? { [Key in keyof T]: Flat<T[Key]> } : T;

const json = (...path: string[]) =>
  JSON.parse(readFileSync(join(__dirname, ...path), 'utf8')) as { version: string };

describe("the client's own types", () => {
  it('are those of the contracts; the type checker fails where they are not', () => {
    same<Flat<Booking>, Flat<z.input<typeof bookingEvent>>>(true);
    same<BookingStatus, WireStatus>(true);
    same<ForeignId, WireForeignId>(true);
    same<FieldError, WireFieldError>(true);
    same<keyof z.output<typeof publishedBooking>, 'notification_id' | 'status'>(true);
  });

  it('know the largest batch', () => {
    expect(LARGEST_BATCH).toBe(BOOKING_BATCH);
  });

  it('describe a booking that the contracts take', () => {
    expect(schema.safeParse(booking()).success).toBe(true);
  });
});

it("has the project's version", () => {
  expect(json('..', 'package.json').version).toBe(json('..', '..', '..', 'package.json').version);
});
