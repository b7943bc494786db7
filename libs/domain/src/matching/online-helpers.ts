import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock, RANDOMNESS, type Randomness } from '@kindline/platform';
import { DataSource } from 'typeorm';
import { PresenceDirectory } from '../presence/presence';
import type { Program } from '../programs/program';
import { HELPER_SEEN_WITHIN } from './eligibility';

/** Whom a request asks in a program that asks everyone online. */
@Injectable()
export class OnlineHelpers {
  constructor(
    private readonly dataSource: DataSource,
    private readonly presence: PresenceDirectory,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RANDOMNESS) private readonly randomness: Randomness,
    @Inject(HELPER_SEEN_WITHIN) private readonly seenWithin: number,
  ) {}

  /**
   * Those who may help and are connected to any gateway.
   * @param seekerId who is not asked themselves
   * @throws while Redis is away
   */
  async of(program: Program, seekerId?: string): Promise<string[]> {
    const rows = await this.eligible(program, seekerId, '');
    const online = await this.presence.online(rows);
    return rows.filter((personId) => online.has(personId));
  }

  /** Some random ones who may help and have a device to push to: to be asked while nobody is connected. */
  async withDevice(program: Program, seekerId: string, size: number): Promise<string[]> {
    return this.eligible(
      program,
      seekerId,
      `AND EXISTS (SELECT FROM push_tokens t WHERE t.person_id = h.person_id)
      ORDER BY md5(h.person_id::text || $4) LIMIT $5`,
      [this.randomness.seed(), size],
    );
  }

  /** Uses person_roles_by_role, then one probe of helper_profiles_pkey each. */
  private async eligible(
    program: Program,
    seekerId: string | undefined,
    more: string,
    parameters: unknown[] = [],
  ): Promise<string[]> {
    const seenSince = new Date(this.clock.now().getTime() - this.seenWithin);
    const rows = await this.dataSource.query<{ person_id: string }[]>(
      `SELECT h.person_id FROM person_roles r
      JOIN helper_profiles h ON h.person_id = r.person_id AND h.active
      WHERE r.role = $1 AND r.seen_at > $2 AND h.person_id IS DISTINCT FROM $3::uuid ${more}`,
      [program.helperRole, seenSince, seekerId ?? null, ...parameters],
    );
    return rows.map((row) => row.person_id);
  }
}
