import { Injectable } from '@nestjs/common';
import type { ProgramName } from '@kindline/contracts';
import { enqueue, inTransaction, updated } from '@kindline/database';
import { DataSource } from 'typeorm';
import { announce } from '../announcements/announcement';
import { Programs } from '../programs/programs';
import { forgetAudit } from './session-audit';
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
}

/** Removes from Postgres what Redis has forgotten. */
@Injectable()
export class ForgottenSessions {
  constructor(
    private readonly dataSource: DataSource,
    private readonly matching: SessionMatching,
    private readonly programs: Programs,
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
        RETURNING id, program, seeker_id, helper_id, status, version, created_at`,
        [ids],
      );
      await forgetAudit(
        manager,
        gone.flatMap(({ seeker_id, helper_id, created_at: since }) =>
          [seeker_id, ...(helper_id === null ? [] : [helper_id])].map((personId) => ({ personId, since })),
        ),
      );
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
}
