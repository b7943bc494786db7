import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock, RANDOMNESS, type Randomness } from '@kindline/platform';
import type { EntityManager } from 'typeorm';
import type { Program } from '../programs/program';
import { HELPER_SEEN_WITHIN } from './eligibility';

/** Chooses whom a request asks. */
@Injectable()
export class Matching {
  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RANDOMNESS) private readonly randomness: Randomness,
    @Inject(HELPER_SEEN_WITHIN) private readonly seenWithin: number,
  ) {}

  /**
   * Helpers for one more round of a request: eligible, available, with room, not asked before, never the
   * seeker. The first round asks random free ones, and when there is none, random ones with one open
   * conversation; later rounds ask the least busy.
   */
  async pick(
    manager: EntityManager,
    program: Program,
    request: { id: string; seekerId: string },
    round: number,
  ): Promise<string[]> {
    if (round > 1)
      return this.sample(manager, program, request, 0, Number.MAX_SAFE_INTEGER, program.inviteSize);
    const free = await this.sample(manager, program, request, 0, 0, program.inviteSize);
    return free.length > 0 ? free : this.sample(manager, program, request, 1, 1, program.fallbackSize);
  }

  /**
   * Uses helper_profiles_available, then one probe each of person_roles_pkey, invitations_pkey and
   * conversation_members_open. The order is random by a seed of ours, so that tests can choose it.
   */
  private async sample(
    manager: EntityManager,
    program: Program,
    request: { id: string; seekerId: string },
    minLoad: number,
    maxLoad: number,
    size: number,
  ): Promise<string[]> {
    const rows = await manager.query<{ person_id: string }[]>(
      `SELECT h.person_id
      FROM helper_profiles h
      JOIN person_roles r ON r.person_id = h.person_id AND r.role = $1 AND r.seen_at > $2
      CROSS JOIN LATERAL (
        SELECT count(*) AS open FROM conversation_members m
        WHERE m.person_id = h.person_id AND m.program = $3 AND m.open AND m.role = 'helper'
      ) load
      WHERE h.available AND h.active AND h.person_id <> $4
        AND load.open BETWEEN $5 AND $6
        AND load.open < coalesce((h.capacities ->> $3)::int, $7)
        AND NOT EXISTS (SELECT FROM invitations i WHERE i.request_id = $8 AND i.helper_id = h.person_id)
      ORDER BY load.open, md5(h.person_id::text || $9)
      LIMIT $10`,
      [
        program.helperRole,
        new Date(this.clock.now().getTime() - this.seenWithin),
        program.name,
        request.seekerId,
        minLoad,
        maxLoad,
        program.capacity,
        request.id,
        this.randomness.seed(),
        size,
      ],
    );
    return rows.map((row) => row.person_id);
  }
}
