import { Inject, Injectable } from '@nestjs/common';
import type { HeldNotification } from '@kindline/database';
import { CLOCK, type Clock } from '@kindline/platform';
import type { EntityManager } from 'typeorm';
import type { NotificationMoment, Program } from '../programs/program';
import type { NewNotification } from './notifications';

/** A program that keeps a least distance of two pushes to one person. */
export type ThrottledProgram = Program & { readonly pushEvery: number };

/** Whether pushes of this program have to keep their distance. */
export function isThrottled(program: Program): program is ThrottledProgram {
  return program.pushEvery !== null;
}

interface Window {
  person_id: string;
  folded: number;
  opened: boolean;
}

/**
 * Keeps pushes to one person apart. The first one opens a window; what comes before its end is counted, held, and
 * folded into the next push.
 */
@Injectable()
export class PushWindows {
  constructor(@Inject(CLOCK) private readonly clock: Clock) {}

  /**
   * Decides in one statement, race-free: of all who tell one person at once, one opens the window. Of several for
   * one person in this call the last one counts for all.
   * @returns those to be pushed now, with what they stand for besides themselves
   */
  async admit(
    manager: EntityManager,
    program: ThrottledProgram,
    moment: NotificationMoment,
    notifications: readonly NewNotification[],
  ): Promise<NewNotification[]> {
    const fresh = await withoutRepeats(manager, notifications);
    const byPerson = Map.groupBy(fresh, ({ personId }) => personId);
    if (byPerson.size === 0) return [];
    const now = this.clock.now();
    // A row that is new or whose window is over opens one; only such a row has nothing suppressed. Everybody
    // locks in the order of the ids, so that two of many people each do not dead-lock.
    const windows = await manager.query<Window[]>(
      `INSERT INTO push_windows AS w (person_id, program, next_at, folded)
      SELECT n.person_id, $1, $3::timestamptz + $4 * interval '1 ms', n.count - 1
      FROM unnest($5::uuid[], $6::int[]) AS n (person_id, count)
      ORDER BY n.person_id
      ON CONFLICT (person_id, program) DO UPDATE SET
        next_at = CASE WHEN w.next_at <= $3 THEN excluded.next_at ELSE w.next_at END,
        folded = CASE WHEN w.next_at <= $3 THEN w.suppressed + excluded.folded ELSE w.folded END,
        suppressed = CASE WHEN w.next_at <= $3 THEN 0 ELSE w.suppressed + excluded.folded + 1 END,
        held = CASE WHEN w.next_at <= $3 THEN '{}'
          ELSE w.held || jsonb_build_object($2::text, $7::jsonb -> w.person_id::text) END
      RETURNING person_id, folded, suppressed = 0 AS opened`,
      [
        program.name,
        moment,
        now,
        program.pushEvery,
        [...byPerson.keys()],
        [...byPerson.values()].map(({ length }) => length),
        JSON.stringify(Object.fromEntries([...byPerson].map(([id, own]) => [id, held(own.at(-1))]))),
      ],
    );
    return windows.flatMap(({ person_id, folded, opened }) => {
      const newest = byPerson.get(person_id)?.at(-1);
      return opened && newest ? [{ ...newest, folded }] : [];
    });
  }

  /** Opens the next window of people whose rows the caller has locked: one push stands for all that was suppressed. */
  async reopen(manager: EntityManager, program: Program, personIds: string[]): Promise<void> {
    await manager.query(
      `UPDATE push_windows SET next_at = $3::timestamptz + $4 * interval '1 ms', suppressed = 0, held = '{}'
      WHERE program = $1 AND person_id = ANY ($2)`,
      [program.name, personIds, this.clock.now(), program.pushEvery ?? 0],
    );
  }

  /** Drops what was held for them; it stays counted for their next push. */
  async drop(manager: EntityManager, program: Program, personIds: string[]): Promise<void> {
    await manager.query(`UPDATE push_windows SET held = '{}' WHERE program = $1 AND person_id = ANY ($2)`, [
      program.name,
      personIds,
    ]);
  }
}

function held({ requestId, conversationId, senderId }: Partial<NewNotification> = {}): HeldNotification {
  return {
    ...(requestId && { requestId }),
    ...(conversationId && { conversationId }),
    ...(senderId && { senderId }),
  };
}

/** A repeated cause must neither open a window nor be counted. */
async function withoutRepeats(
  manager: EntityManager,
  notifications: readonly NewNotification[],
): Promise<NewNotification[]> {
  const keys = notifications.flatMap(({ dedupeKey }) => dedupeKey ?? []);
  if (keys.length === 0) return [...notifications];
  const known = await manager.query<{ dedupe_key: string }[]>(
    `SELECT dedupe_key FROM notifications WHERE dedupe_key = ANY ($1)`,
    [keys],
  );
  const seen = new Set(known.map(({ dedupe_key }) => dedupe_key));
  return notifications.filter(({ dedupeKey }) => {
    if (dedupeKey === undefined) return true;
    const repeated = seen.has(dedupeKey);
    seen.add(dedupeKey);
    return !repeated;
  });
}
