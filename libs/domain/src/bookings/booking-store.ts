import { Inject, Injectable } from '@nestjs/common';
import { type BookingEvent, type BookingStatus, KindlineError } from '@kindline/contracts';
import { arrayLiteral, sqlState, uuidV7 } from '@kindline/database';
import { CLOCK, type Clock, toKindlineError } from '@kindline/platform';
import { DataSource } from 'typeorm';
import { dedupeKey, type StoredContent } from './booking-identity';
import { silentSince } from './facilitator-sessions';

/** A push waits this long: whoever is connected has received the booking by then, and several fold into one. */
export const BOOKING_PUSH_DELAY_MS = 2_000;
/** An event that was emitted within this time of its storing is answered as delivered. */
export const EMITTED_WITHIN_MS = 2_000;

export interface NewBooking {
  event: BookingEvent;
  /** The caller's key for an event that has no id of its own. */
  idempotencyKey?: string | undefined;
  /** Who publishes it: `service:<fingerprint>`, or `transport`. */
  source: string;
}

export interface BookingRecord {
  id: string;
  facilitatorId: string;
  createdAt: Date;
  /** Of a repeat: how the first one was answered. */
  answered?: BookingStatus;
  /** Whether its facilitator had an open session somewhere when it was stored. */
  online: boolean;
}

interface ExistingRow {
  dedupe_key: string;
  id: string;
  facilitator_id: string;
  booking_id: unknown;
  created_at: Date;
  was_online: boolean;
  emitted_at: Date | null;
}

interface Draft extends NewBooking {
  id: string;
  facilitatorId: string;
  key: string;
}

/** Writes bookings, each event once. */
@Injectable()
export class BookingStore {
  /** The time of the last group's ids, in ms since 1970. */
  private idTime = 0;

  constructor(
    private readonly dataSource: DataSource,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Stores a group in one transaction and answers in its order: a record, or why this one was not stored.
   * A group that fails for bad data is halved, so that one bad booking never fails its neighbours.
   */
  async put(bookings: NewBooking[], now = this.clock.now()): Promise<(BookingRecord | KindlineError)[]> {
    try {
      return await this.write(bookings, now);
    } catch (error) {
      // Only bad data (classes 22 and 23) is one booking's fault; a lost connection fails all of them alike.
      if (!sqlState(error)?.match(/^2[23]/)) throw error;
      if (bookings.length === 1) return [toKindlineError(error)];
      const middle = Math.ceil(bookings.length / 2);
      return [
        ...(await this.put(bookings.slice(0, middle), now)),
        ...(await this.put(bookings.slice(middle), now)),
      ];
    }
  }

  /** Whether it was emitted in time to be answered as delivered. */
  async wasEmitted(id: string): Promise<boolean> {
    const [row] = await this.dataSource.query<Pick<ExistingRow, 'created_at' | 'emitted_at'>[]>(
      `SELECT created_at, emitted_at FROM booking_notifications WHERE id = $1`,
      [id],
    );
    return row !== undefined && emittedInTime(row);
  }

  private async write(bookings: NewBooking[], now: Date): Promise<(BookingRecord | KindlineError)[]> {
    // Sorted, and a later group's after an earlier one's, so that ids keep the order in which bookings came.
    const idTime = (this.idTime = Math.max(now.getTime(), this.idTime + 1));
    const ids = bookings.map(() => uuidV7(idTime)).sort();
    const drafts = bookings.map((booking, index): Draft => ({
      ...booking,
      id: ids[index] ?? '',
      facilitatorId: String(booking.event.facilitator_id),
      key: dedupeKey(booking.event, booking.idempotencyKey),
    }));
    const firsts = new Map<string, Draft>();
    for (const draft of drafts) if (!firsts.has(draft.key)) firsts.set(draft.key, draft);
    const { stored, online } = await this.insert([...firsts.values()], now);
    const repeated = drafts.filter(({ id }) => !stored.has(id));
    const existing = await this.existing([...new Set(repeated.map(({ key }) => key))]);
    return drafts.map((draft) => {
      const { id, facilitatorId } = draft;
      if (stored.has(id)) return { id, facilitatorId, createdAt: now, online: online.has(id) };
      return recordOf(draft, existing.get(draft.key));
    });
  }

  /** One statement. @returns the ids that were stored, and those whose facilitator is online */
  private async insert(drafts: Draft[], now: Date): Promise<{ stored: Set<string>; online: Set<string> }> {
    const [row] = await this.dataSource.query<{ ids: string[] | null; online: string[] | null }[]>(INSERT, [
      arrayLiteral(drafts.map(({ id }) => id)),
      arrayLiteral(drafts.map(({ facilitatorId }) => facilitatorId)),
      arrayLiteral(drafts.map(({ key }) => key)),
      arrayLiteral(drafts.map(({ event }) => contentOf(event))),
      arrayLiteral(drafts.map(({ source }) => source)),
      now,
      new Date(now.getTime() + BOOKING_PUSH_DELAY_MS),
      silentSince(now),
    ]);
    return { stored: new Set(row?.ids), online: new Set(row?.online) };
  }

  /** In a snapshot of its own: what another transaction stored while the insert waited for it. */
  private async existing(keys: string[]): Promise<Map<string, ExistingRow>> {
    if (keys.length === 0) return new Map();
    const rows = await this.dataSource.query<ExistingRow[]>(
      `SELECT dedupe_key, id, facilitator_id, booking -> 'booking_id' AS booking_id, created_at, was_online,
        emitted_at
      FROM booking_notifications WHERE dedupe_key = ANY ($1::text[])`,
      [keys],
    );
    return new Map(rows.map((row) => [row.dedupe_key, row]));
  }
}

const contentOf = ({ booking_id, user, session }: BookingEvent): string =>
  JSON.stringify({ booking_id, user, session } satisfies StoredContent);

function recordOf(
  { event, facilitatorId }: Draft,
  row: ExistingRow | undefined,
): BookingRecord | KindlineError {
  // Retention removed it between the two statements: the sender tries again.
  if (!row) return new KindlineError('unavailable', undefined, { retryAfterS: 1 });
  if (row.facilitator_id !== facilitatorId || row.booking_id !== event.booking_id) {
    return new KindlineError(
      'conflict',
      'Another booking was published with this event id or idempotency key',
    );
  }
  const { id, created_at: createdAt, was_online: online } = row;
  return {
    id,
    facilitatorId,
    createdAt,
    answered: online && emittedInTime(row) ? 'delivered' : 'stored',
    online,
  };
}

function emittedInTime({ created_at, emitted_at }: Pick<ExistingRow, 'created_at' | 'emitted_at'>): boolean {
  return emitted_at !== null && emitted_at.getTime() - created_at.getTime() <= EMITTED_WITHIN_MS;
}

// Sorted by key: two groups that repeat each other would otherwise wait for each other.
// Uses facilitator_sessions_open, once for all.
const INSERT = `WITH inserted AS (
    INSERT INTO booking_notifications
      (id, facilitator_id, dedupe_key, booking, source, created_at, push_due_at, was_online)
    SELECT id, facilitator_id, dedupe_key, booking::json, source, $6, $7, facilitator_id IN (
        SELECT s.facilitator_id FROM facilitator_sessions s
        WHERE s.ended_at IS NULL AND s.last_seen_at > $8 AND s.facilitator_id = ANY ($2::text[]))
    FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[])
      AS b (id, facilitator_id, dedupe_key, booking, source)
    ORDER BY dedupe_key
    ON CONFLICT (dedupe_key) DO NOTHING
    RETURNING id, was_online
  )
  SELECT array_agg(id) AS ids, array_agg(id) FILTER (WHERE was_online) AS online FROM inserted`;
