import { Inject, Injectable } from '@nestjs/common';
import { enqueue, inTransaction, updated } from '@kindline/database';
import { CLOCK, type Clock } from '@kindline/platform';
import { DataSource } from 'typeorm';
import { announce } from '../announcements/announcement';
import { PresenceDirectory } from '../presence/presence';
import type { Program } from '../programs/program';
import { anonymousOf, CARRIED_WITHIN_MS } from './anonymous-session';
import { AnonymousSessions } from './anonymous-sessions';
import { ForgottenSessions } from './forgotten-sessions';
import { SessionMatching } from './session-matching';
import { SessionStore } from './session-store';

/** Compared by one replica at once. */
const BATCH = 500;
/** Who has taken sessions to compare them has this long; then others may. */
const COMPARED_WITHIN_MS = 15_000;
/** An open session is compared at least so often. */
const COMPARE_OPEN_EVERY_MS = 30_000;

interface Compared {
  id: string;
  status: 'queued' | 'active' | 'ended';
  version: number;
}

/**
 * Compares what Postgres has with what Redis knows: sessions that were forgotten or of which Redis has an older
 * state, helpers who are lost or back, a queue nobody served. It goes by what is, not by what happened, so that
 * nothing has to be noticed when it happens: a process that dies, a Redis that starts anew or falls back, a piece of
 * news that is lost. Any number of replicas may sweep; they share the work, and every change is guarded.
 */
@Injectable()
export class SessionSweep {
  constructor(
    private readonly dataSource: DataSource,
    private readonly store: SessionStore,
    private readonly sessions: AnonymousSessions,
    private readonly forgotten: ForgottenSessions,
    private readonly matching: SessionMatching,
    private readonly presence: PresenceDirectory,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws while Redis is away: nothing is known then, and nothing is changed */
  async run(program: Program): Promise<void> {
    while ((await this.compare(program)) === BATCH);
    await this.lost(program);
    await this.matching.run(program);
  }

  /** Makes the next sweeps compare every session: Redis may have lost them, or fallen back. */
  async compareAll(program: Program): Promise<void> {
    const now = this.clock.now();
    await this.dataSource.query(
      // Those that another gateway has just taken or made due are left to it.
      `UPDATE anonymous_sessions SET check_at = $2 WHERE program = $1 AND check_at > $3`,
      [program.name, now, new Date(now.getTime() + COMPARED_WITHIN_MS)],
    );
  }

  /** @returns how many were due */
  private async compare(program: Program): Promise<number> {
    const now = this.clock.now();
    const due = await updated<Compared>(
      this.dataSource.manager,
      `UPDATE anonymous_sessions SET check_at = $3 WHERE id IN (
        SELECT id FROM anonymous_sessions WHERE program = $1 AND check_at <= $2
        ORDER BY check_at LIMIT $4 FOR UPDATE SKIP LOCKED)
      RETURNING id, status, version`,
      [program.name, now, new Date(now.getTime() + COMPARED_WITHIN_MS), BATCH],
    );
    if (due.length === 0) return 0;
    const standings = await this.store.standings(due.map(({ id }) => id));
    await this.forgotten.forget(due.map(({ id }) => id).filter((id) => !standings.has(id)));
    const looks = due.flatMap(({ id, status, version }) => {
      const standing = standings.get(id);
      if (!standing) return [];
      const { expiresInMs } = standing;
      if (standing.version < version) return [{ id, again: CARRIED_WITHIN_MS, behind: true }];
      const again = status === 'ended' ? expiresInMs : Math.min(expiresInMs, COMPARE_OPEN_EVERY_MS);
      return [{ id, again: again + 1, behind: false }];
    });
    await this.dataSource.query(
      `UPDATE anonymous_sessions s SET check_at = c.at FROM unnest($1::uuid[], $2::timestamptz[]) AS c (id, at)
      WHERE s.id = c.id`,
      [looks.map(({ id }) => id), looks.map(({ again }) => new Date(now.getTime() + again))],
    );
    const behind = looks.filter((look) => look.behind);
    await inTransaction(this.dataSource, (manager) =>
      enqueue(
        manager,
        ...behind.map(({ id }) => ({
          ...announce({ task: 'session.changed', sessionId: id, formerHelperId: null }),
          // However often this finds it: one job.
          key: `session.changed:${id}`,
        })),
      ),
    );
    return due.length;
  }

  /** Notes who is offline and who is back, and takes back what somebody was away from for too long. */
  private async lost(program: Program): Promise<void> {
    const { lostAfter } = anonymousOf(program);
    const online = await this.presence.helpers(program.helperRole);
    const now = this.clock.now().getTime();
    await this.dataSource.query(
      `UPDATE anonymous_sessions SET lost_at = CASE WHEN lost_at IS NULL THEN $3::timestamptz END
      WHERE program = $1 AND status = 'active' AND (lost_at IS NULL) = (helper_id <> ALL ($2::uuid[]))`,
      [program.name, online, new Date(now)],
    );
    const overdue = await this.dataSource.query<{ id: string; version: number }[]>(
      `SELECT id, version FROM anonymous_sessions WHERE program = $1 AND status = 'active' AND lost_at <= $2
      ORDER BY lost_at`,
      [program.name, new Date(now - lostAfter)],
    );
    for (const { id, version } of overdue) {
      // Somebody who is writing is there, whatever became of their other socket.
      if ((await this.store.spoke(id, 'helper')) > now - lostAfter) continue;
      await this.sessions.takeBack(id, version, new Date(now - lostAfter));
    }
  }
}
