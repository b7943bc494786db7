import { Inject, Injectable, Logger } from '@nestjs/common';
import { inTransaction } from '@kindline/database';
import { DataSource } from 'typeorm';
import { Programs } from '../programs/programs';

export interface HelperCheckResult {
  /** Members that counted as open in a conversation that had ended: repaired. */
  wronglyOpen: number;
  /** Members that did not count in an active conversation: repaired. */
  wronglyClosed: number;
  /** Helpers with more open conversations than their capacity (lowered meanwhile): told, not cut off. */
  overCapacity: number;
}

/** The nightly check that a helper's load is what their conversations say. */
@Injectable()
export class HelperCheck {
  private readonly logger = new Logger(HelperCheck.name);

  constructor(
    private readonly dataSource: DataSource,
    @Inject(Programs) private readonly programs: Programs,
  ) {}

  async run(): Promise<HelperCheckResult> {
    const result = await inTransaction(this.dataSource, async (manager) => {
      const [, wronglyOpen] = await manager.query<[unknown[], number]>(
        `UPDATE conversation_members m SET open = false,
          settled_at = CASE WHEN c.request_id IS NULL THEN c.last_activity_at END FROM conversations c
        WHERE c.id = m.conversation_id AND c.status = 'ended' AND m.open`,
      );
      const [, wronglyClosed] = await manager.query<[unknown[], number]>(
        `UPDATE conversation_members m SET open = true, settled_at = NULL FROM conversations c
        WHERE c.id = m.conversation_id AND c.status = 'active' AND NOT m.open`,
      );
      let overCapacity = 0;
      for (const program of this.programs.all()) {
        const [row] = await manager.query<{ count: number }[]>(
          `SELECT count(*)::int AS count FROM (
            SELECT h.person_id FROM helper_profiles h JOIN (
              SELECT person_id FROM conversation_members WHERE open AND role = 'helper' AND program = $1
              UNION ALL SELECT helper_id FROM anonymous_sessions WHERE status = 'active' AND program = $1
            ) held ON held.person_id = h.person_id
            GROUP BY h.person_id, h.capacities
            HAVING count(*) > coalesce((h.capacities ->> $1)::int, $2)
          ) over_capacity`,
          [program.name, program.capacity],
        );
        overCapacity += row?.count ?? 0;
      }
      return { wronglyOpen, wronglyClosed, overCapacity };
    });
    const sound = result.wronglyOpen + result.wronglyClosed + result.overCapacity === 0;
    this.logger[sound ? 'log' : 'warn']({ ...result }, 'helper check');
    return result;
  }
}
