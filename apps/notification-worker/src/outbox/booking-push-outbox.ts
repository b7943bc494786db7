import { Inject, Injectable } from '@nestjs/common';
import { inTransaction } from '@kindline/database';
import { BOOKING_KIND, Notifications, silentSince } from '@kindline/domain';
import { CLOCK, type Clock } from '@kindline/platform';
import { DataSource } from 'typeorm';
import { Outbox } from './outbox';

const BATCH = 1_000;
/** Somebody who is connected but has not confirmed is looked at again after this time: they may have left. */
const AGAIN_MS = 10_000;

interface DueBooking {
  id: string;
  /** Null for a facilitator who has never shown a token: nobody knows a device of theirs. */
  person_id: string | null;
  online: boolean;
}

/**
 * The booking's row is the outbox of its push: what a facilitator who is not connected has not received by
 * `push_due_at` becomes one push for all that gathered. Uses booking_notifications_push_due.
 */
@Injectable()
export class BookingPushOutbox extends Outbox {
  constructor(
    private readonly dataSource: DataSource,
    private readonly notifications: Notifications,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    super(BATCH);
  }

  protected async batch(): Promise<number> {
    return inTransaction(this.dataSource, async (manager) => {
      // One replica at a time: two that share a facilitator's bookings would push twice.
      const [mine] = await manager.query<{ locked: boolean }[]>(
        `SELECT pg_try_advisory_xact_lock(hashtext('booking pushes')) AS locked`,
      );
      if (!mine?.locked) return 0;
      const now = this.clock.now();
      // With what is due goes what is not yet: it was stored a moment later.
      const due = await manager.query<DueBooking[]>(
        `SELECT b.id, p.id AS person_id, EXISTS (SELECT FROM facilitator_sessions s
            WHERE s.facilitator_id = b.facilitator_id AND s.ended_at IS NULL AND s.last_seen_at > $3) AS online
        FROM booking_notifications b
        LEFT JOIN people p ON p.sub = b.facilitator_id
        WHERE b.push_due_at IS NOT NULL AND b.facilitator_id IN (
          SELECT facilitator_id FROM booking_notifications WHERE push_due_at <= $1 ORDER BY push_due_at LIMIT $2)
        FOR UPDATE OF b SKIP LOCKED`,
        [now, BATCH, silentSince(now)],
      );
      if (due.length === 0) return 0;
      await manager.query(
        `UPDATE booking_notifications b SET push_due_at = CASE WHEN d.online THEN $3::timestamptz END
        FROM unnest($1::uuid[], $2::bool[]) AS d (id, online) WHERE b.id = d.id`,
        [due.map(({ id }) => id), due.map(({ online }) => online), new Date(now.getTime() + AGAIN_MS)],
      );
      const absent = new Set(
        due.flatMap(({ person_id, online }) => (person_id && !online ? [person_id] : [])),
      );
      await this.notifications.createOf(
        manager,
        BOOKING_KIND,
        [...absent].map((personId) => ({ personId })),
      );
      return due.length;
    });
  }
}
