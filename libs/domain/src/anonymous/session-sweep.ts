import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '@kindline/platform';
import { DataSource } from 'typeorm';
import { PresenceDirectory } from '../presence/presence';
import type { Program } from '../programs/program';
import { anonymousOf, AnonymousSessions } from './anonymous-sessions';
import { ForgottenSessions } from './forgotten-sessions';
import { SessionMatching } from './session-matching';
import { SessionStore } from './session-store';

/** Ended sessions looked at by one sweep. */
const MOST_ENDED = 1_000;

interface Swept {
  id: string;
  status: 'queued' | 'active' | 'ended';
  version: number;
  helper_id: string | null;
  lost_at: Date | null;
}

/**
 * Compares what Postgres has with what Redis knows: sessions that were forgotten, helpers who are lost or back, a
 * queue nobody served. It goes by what is, not by what happened, so that nothing has to be noticed when it
 * happens: a process that dies, a Redis that starts anew, a piece of news that is lost. Any number of replicas may
 * sweep; every change is guarded.
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

  /**
   * @param all also ended sessions that cannot have expired yet: Redis may have lost them
   * @throws while Redis is away: nothing is known then, and nothing is changed
   */
  async run(program: Program, { all = false } = {}): Promise<void> {
    const rows = await this.dataSource.query<Swept[]>(
      `SELECT id, status, version, helper_id, lost_at FROM anonymous_sessions
        WHERE program = $1 AND status IN ('queued', 'active')
      UNION ALL (SELECT id, status, version, helper_id, lost_at FROM anonymous_sessions
        WHERE program = $1 AND status = 'ended' AND ($2 OR check_at <= $3) ORDER BY check_at LIMIT $4)`,
      [program.name, all, this.clock.now(), all ? null : MOST_ENDED],
    );
    if (rows.length === 0) return;
    const lifetimes = await this.store.lifetimes(rows.map(({ id }) => id));
    await this.forgotten.forget(rows.map(({ id }) => id).filter((id) => !lifetimes.has(id)));
    const left = rows.filter(({ id }) => lifetimes.has(id));
    await this.lookAgain(
      left.filter(({ status }) => status === 'ended'),
      lifetimes,
    );
    await this.lost(
      program,
      left.filter(({ status }) => status === 'active'),
    );
    if (left.some(({ status }) => status === 'queued')) await this.matching.run(program);
  }

  private async lookAgain(ended: Swept[], lifetimes: ReadonlyMap<string, number>): Promise<void> {
    if (ended.length === 0) return;
    const now = this.clock.now().getTime();
    await this.dataSource.query(
      `UPDATE anonymous_sessions s SET check_at = c.at FROM unnest($1::uuid[], $2::timestamptz[]) AS c (id, at)
      WHERE s.id = c.id`,
      [ended.map(({ id }) => id), ended.map(({ id }) => new Date(now + (lifetimes.get(id) ?? 0) + 1))],
    );
  }

  /** Notes who is offline and who is back, and takes back what somebody was away from for too long. */
  private async lost(program: Program, active: Swept[]): Promise<void> {
    if (active.length === 0) return;
    const { lostAfter } = anonymousOf(program);
    const online = new Set(await this.presence.helpers(program.helperRole));
    const now = this.clock.now().getTime();
    const isOnline = ({ helper_id }: Swept): boolean => helper_id !== null && online.has(helper_id);
    await this.note(
      active.filter((session) => !session.lost_at && !isOnline(session)),
      new Date(now),
    );
    await this.note(
      active.filter((session) => session.lost_at && isOnline(session)),
      null,
    );
    const overdue = active.filter(
      (session) => !isOnline(session) && session.lost_at && session.lost_at.getTime() <= now - lostAfter,
    );
    // Somebody who is writing is there, whatever became of their other socket.
    const spoke = await this.store.helperSpoke(overdue.map(({ id }) => id));
    for (const { id, version } of overdue) {
      if ((spoke.get(id) ?? 0) > now - lostAfter) continue;
      await this.sessions.takeBack(id, version, new Date(now - lostAfter));
    }
  }

  private async note(sessions: Swept[], lostAt: Date | null): Promise<void> {
    if (sessions.length === 0) return;
    await this.dataSource.query(
      `UPDATE anonymous_sessions s SET lost_at = $3 FROM unnest($1::uuid[], $2::int[]) AS seen (id, version)
      WHERE s.id = seen.id AND s.version = seen.version AND s.status = 'active'
        AND (s.lost_at IS NULL) = ($3::timestamptz IS NOT NULL)`,
      [sessions.map(({ id }) => id), sessions.map(({ version }) => version), lostAt],
    );
  }
}
