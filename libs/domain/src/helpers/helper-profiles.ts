import { Inject, Injectable } from '@nestjs/common';
import { KindlineError, type VolunteerView } from '@kindline/contracts';
import { enqueue, inTransaction, updated } from '@kindline/database';
import { CLOCK, type Clock } from '@kindline/platform';
import { DataSource } from 'typeorm';
import { announce } from '../announcements/announcement';
import { decodeCursor, encodeCursor } from '../cursor';
import { AuditLog } from '../people/audit-log';
import type { Program } from '../programs/program';
import { askForUnasked } from '../requests/unasked-requests';

export interface HelperChange {
  available?: boolean | undefined;
  active?: boolean | undefined;
  lead?: boolean | undefined;
  capacity?: number | undefined;
}

interface Row extends Omit<
  VolunteerView,
  'capacity' | 'active_conversations' | 'time_spent_volunteering_s' | 'rating'
> {
  person_id: string;
  capacity: number | null;
  active_conversations: string;
  time_spent_volunteering_s: string;
  rating: string | null;
  reviews: number;
}

/** Helpers as one program sees them. Load, time spent and rating are derived, never counted up. */
@Injectable()
export class HelperProfiles {
  constructor(
    private readonly dataSource: DataSource,
    private readonly audit: AuditLog,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws not_found */
  async bySub(program: Program, sub: string): Promise<VolunteerView> {
    const [row] = await this.read(program, 'p.sub = $3', [sub]);
    if (!row) throw new KindlineError('not_found', 'There is no such volunteer');
    return view(program, row);
  }

  async page(
    program: Program,
    { limit, cursor }: { limit: number; cursor?: string | undefined },
  ): Promise<{ volunteers: VolunteerView[]; cursor: string | null }> {
    const [after] = cursor ? decodeCursor(cursor, 'id') : [];
    const rows = await this.read(
      program,
      `p.id > $3::uuid AND EXISTS (SELECT FROM person_roles r WHERE r.person_id = p.id AND r.role = $4)
      ORDER BY p.id LIMIT $5`,
      [after ?? '00000000-0000-0000-0000-000000000000', program.helperRole, limit + 1],
    );
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return {
      volunteers: page.map((row) => view(program, row)),
      cursor: rows.length > limit && last ? encodeCursor(last.person_id) : null,
    };
  }

  /**
   * @param actor who changes somebody else's profile, for the audit log
   * @throws not_found
   */
  async change(program: Program, sub: string, change: HelperChange, actor?: string): Promise<VolunteerView> {
    await inTransaction(this.dataSource, async (manager) => {
      const [profile] = await updated<{ person_id: string }>(
        manager,
        `UPDATE helper_profiles h SET
          available = coalesce($2, available), active = coalesce($3, active), lead = coalesce($4, lead),
          capacities = CASE WHEN $5::int IS NULL THEN capacities ELSE capacities || jsonb_build_object($6::text, $5::int) END,
          updated_at = $7
        FROM people p WHERE p.id = h.person_id AND p.sub = $1 RETURNING h.person_id`,
        [
          sub,
          change.available ?? null,
          change.active ?? null,
          change.lead ?? null,
          change.capacity ?? null,
          program.name,
          this.clock.now(),
        ],
      );
      if (!profile) throw new KindlineError('not_found', 'There is no such volunteer');
      if (actor !== undefined) {
        await this.audit.record({ actor, action: 'change volunteer', subject: sub }, manager);
      }
      if (change.available || change.active || change.capacity !== undefined) {
        await askForUnasked(manager, program, this.clock.now());
      }
      await enqueue(
        manager,
        announce({ task: 'helpers.changed', program: program.name, helperIds: [profile.person_id] }),
      );
    });
    return this.bySub(program, sub);
  }

  private async read(program: Program, where: string, parameters: unknown[]): Promise<Row[]> {
    return this.dataSource.query<Row[]>(
      `SELECT p.id AS person_id, p.sub, p.email, p.name, h.available, h.active, h.lead,
        (h.capacities ->> $1)::int AS capacity, own.open AS active_conversations, own.seconds AS time_spent_volunteering_s,
        reviews.rating, reviews.reviews
      FROM helper_profiles h
      JOIN people p ON p.id = h.person_id
      CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE m.open) AS open,
          coalesce(sum(extract(epoch FROM c.last_activity_at - c.started_at)) FILTER (WHERE NOT m.open), 0)::bigint AS seconds
        FROM conversation_members m JOIN conversations c ON c.id = m.conversation_id
        WHERE m.person_id = p.id AND m.role = $2 AND m.program = $1
      ) own
      CROSS JOIN LATERAL (
        SELECT avg(f.rating) AS rating, count(*)::int AS reviews FROM feedback f
        JOIN conversations c ON c.id = f.conversation_id AND c.program = $1
        WHERE f.helper_id = p.id
      ) reviews
      WHERE ${where}`,
      [program.name, 'helper', ...parameters],
    );
  }
}

function view(program: Program, { person_id: _personId, ...row }: Row): VolunteerView {
  return {
    ...row,
    capacity: row.capacity ?? program.capacity,
    active_conversations: Number(row.active_conversations),
    time_spent_volunteering_s: Number(row.time_spent_volunteering_s),
    rating: row.rating === null ? null : Math.round(Number(row.rating) * 100) / 100,
  };
}
