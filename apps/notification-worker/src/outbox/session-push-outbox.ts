import { Inject, Injectable } from '@nestjs/common';
import { inTransaction } from '@kindline/database';
import type { ProgramName } from '@kindline/contracts';
import { Notifications, PresenceDirectory, Programs, SessionStore, type Side } from '@kindline/domain';
import { CLOCK, type Clock } from '@kindline/platform';
import { DataSource } from 'typeorm';
import { Outbox } from './outbox';

const BATCH = 100;

interface Due {
  id: string;
  program: ProgramName;
  person_id: string | null;
}

/**
 * Tells those who are not in their anonymous session that something waits for them there: one push for all that
 * gathered. Replicas share the rows by SKIP LOCKED. Uses anonymous_sessions_seeker_push and …_helper_push.
 */
@Injectable()
export class SessionPushOutbox extends Outbox {
  constructor(
    private readonly dataSource: DataSource,
    private readonly programs: Programs,
    private readonly notifications: Notifications,
    private readonly store: SessionStore,
    private readonly presence: PresenceDirectory,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    super(2 * BATCH);
  }

  protected async batch(): Promise<number> {
    const [seekers, helpers] = [await this.side('seeker'), await this.side('helper')];
    // Either one may have left some.
    return Math.max(seekers, helpers) === BATCH ? 2 * BATCH : seekers + helpers;
  }

  private async side(side: Side): Promise<number> {
    const column = `${side}_push_due_at`;
    const now = this.clock.now();
    // Asked before the transaction, so that nobody waits for Redis with rows locked.
    const asked = await this.asked(side, now);
    if (asked.size === 0) return 0;
    return inTransaction(this.dataSource, async (manager) => {
      const due = await manager.query<Due[]>(
        `SELECT id, program, ${side}_id AS person_id FROM anonymous_sessions
        WHERE id = ANY ($1) AND ${column} <= $2 FOR UPDATE SKIP LOCKED`,
        [[...asked.keys()], now],
      );
      if (due.length === 0) return 0;
      await manager.query(`UPDATE anonymous_sessions SET ${column} = NULL WHERE id = ANY ($1)`, [
        due.map(({ id }) => id),
      ]);
      for (const program of new Set(due.map((row) => row.program))) {
        await this.notifications.create(
          manager,
          this.programs.get(program),
          `waiting_for_${side}`,
          due.flatMap(({ id: sessionId, program: own, person_id: personId }) =>
            own === program && personId !== null && !asked.get(sessionId) ? [{ personId, sessionId }] : [],
          ),
        );
      }
      return asked.size;
    });
  }

  /** Sessions that are due for this side, and whether it sits in them by now. */
  private async asked(side: Side, now: Date): Promise<ReadonlyMap<string, boolean>> {
    const column = `${side}_push_due_at`;
    const due = await this.dataSource.query<{ id: string }[]>(
      `SELECT id FROM anonymous_sessions WHERE ${column} <= $1 ORDER BY ${column} LIMIT $2`,
      [now, BATCH],
    );
    const there = await Promise.all(
      due.map(async ({ id }) => {
        const seats = (await this.store.seats(id)).filter((seat) => seat.side === side);
        return this.presence.anyLives(seats.map(({ gatewayId }) => gatewayId));
      }),
    );
    return new Map(due.map(({ id }, index) => [id, there[index] ?? false]));
  }
}
