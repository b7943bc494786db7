import { Inject, Injectable } from '@nestjs/common';
import type { ProgramName } from '@kindline/contracts';
import { enqueue, inTransaction, updated } from '@kindline/database';
import { CLOCK, type Clock } from '@kindline/platform';
import { DataSource, type EntityManager } from 'typeorm';
import { announce } from '../announcements/announcement';
import { Programs } from '../programs/programs';
import { AUDITED_SESSIONS } from './session-audit';
import { SessionMatching } from './session-matching';

/** Rows removed by one transaction. */
const FORGOTTEN_AT_ONCE = 500;

interface Gone {
  id: string;
  program: ProgramName;
  seeker_id: string;
  helper_id: string | null;
  status: 'queued' | 'active' | 'ended';
  version: number;
  created_at: Date;
  ended_at: Date | null;
}

/** Removes from Postgres what Redis has forgotten. */
@Injectable()
export class ForgottenSessions {
  constructor(
    private readonly dataSource: DataSource,
    private readonly matching: SessionMatching,
    private readonly programs: Programs,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** The sessions, and with them what was pushed and audited about them. Repeating it changes nothing. */
  async forget(ids: readonly string[]): Promise<void> {
    for (let from = 0; from < ids.length; from += FORGOTTEN_AT_ONCE)
      await this.forgetSome(ids.slice(from, from + FORGOTTEN_AT_ONCE));
  }

  private async forgetSome(ids: readonly string[]): Promise<void> {
    const freed = await inTransaction(this.dataSource, async (manager) => {
      const gone = await updated<Gone>(
        manager,
        `DELETE FROM anonymous_sessions WHERE id = ANY ($1)
        RETURNING id, program, seeker_id, helper_id, status, version, created_at, ended_at`,
        [ids],
      );
      await this.forgetAudit(manager, gone);
      const open = gone.filter(({ status }) => status !== 'ended');
      const programs = [...new Set(open.map(({ program }) => program))];
      await enqueue(
        manager,
        ...open.map(({ id, program, seeker_id: seekerId, helper_id: helperId, version }) =>
          announce({
            task: 'session.forgotten',
            sessionId: id,
            program,
            seekerId,
            helperId,
            version: version + 1,
          }),
        ),
        ...programs.map((program) => announce({ task: 'session.queue', program })),
      );
      return programs;
    });
    for (const program of freed) void this.matching.tryRun(this.programs.get(program));
  }

  /**
   * What backends did for its two people, as far as it leads to them. Other sessions of theirs at the same time
   * cannot be told apart: rather one entry too few.
   */
  private async forgetAudit(manager: EntityManager, gone: readonly Gone[]): Promise<void> {
    const entries = gone.flatMap(({ seeker_id, helper_id, created_at, ended_at }) =>
      [seeker_id, ...(helper_id === null ? [] : [helper_id])].map((personId) => ({
        personId,
        from: created_at,
        until: ended_at ?? this.clock.now(),
      })),
    );
    if (entries.length === 0) return;
    await manager.query(
      `DELETE FROM audit_log a
      USING unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[]) AS gone (person_id, since, until)
      WHERE a.at BETWEEN gone.since - interval '1 minute' AND gone.until + interval '1 minute'
        AND a.person_id = gone.person_id AND ${AUDITED_SESSIONS}`,
      [
        entries.map(({ personId }) => personId),
        entries.map(({ from }) => from),
        entries.map(({ until }) => until),
      ],
    );
  }
}
