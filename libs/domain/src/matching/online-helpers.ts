import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock, Gatherer, RANDOMNESS, type Randomness } from '@kindline/platform';
import { DataSource, type EntityManager } from 'typeorm';
import { PresenceDirectory } from '../presence/presence';
import type { Program } from '../programs/program';
import { HELPER_SEEN_WITHIN } from './eligibility';

/** Requests that share one look at who is online. */
const MOST_AT_ONCE = 1_000;

/** Whom a request asks in a program that asks everyone online. */
@Injectable()
export class OnlineHelpers {
  private readonly looks: Gatherer<Program, string[]>;

  constructor(
    private readonly dataSource: DataSource,
    private readonly presence: PresenceDirectory,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RANDOMNESS) private readonly randomness: Randomness,
    @Inject(HELPER_SEEN_WITHIN) private readonly seenWithin: number,
  ) {
    this.looks = new Gatherer((programs) => this.look(programs), { most: MOST_AT_ONCE });
  }

  /**
   * Those who may help and are connected to any gateway by a token with the role. Requests of one moment share a look.
   * @param seekerId who is not asked themselves
   * @throws while Redis is away
   */
  async of(program: Program, seekerId?: string): Promise<string[]> {
    return (await this.looks.add(program)).filter((personId) => personId !== seekerId);
  }

  /** Some random ones who may help and have a device to push to: to be asked while nobody is connected. */
  async withDevice(
    program: Program,
    seekerId: string,
    size: number,
    manager: EntityManager = this.dataSource.manager,
  ): Promise<string[]> {
    return this.eligible(
      manager,
      program,
      `AND h.person_id <> $3 AND EXISTS (SELECT FROM push_tokens t WHERE t.person_id = h.person_id)
      ORDER BY md5(h.person_id::text || $4) LIMIT $5`,
      [seekerId, this.randomness.seed(), size],
    );
  }

  /** Whoever is online of each of these programs; the same program may be there many times. */
  private async look(programs: Program[]): Promise<string[][]> {
    const online = new Map<Program, string[]>();
    for (const program of new Set(programs)) {
      const connected = await this.presence.helpers(program.helperRole);
      online.set(
        program,
        connected.length === 0
          ? []
          : await this.eligible(this.dataSource.manager, program, 'AND h.person_id = ANY ($3)', [connected]),
      );
    }
    return programs.map((program) => online.get(program) ?? []);
  }

  private async eligible(
    manager: EntityManager,
    program: Program,
    more: string,
    parameters: unknown[],
  ): Promise<string[]> {
    const seenSince = new Date(this.clock.now().getTime() - this.seenWithin);
    const rows = await manager.query<{ person_id: string }[]>(
      `SELECT h.person_id FROM person_roles r
      JOIN helper_profiles h ON h.person_id = r.person_id AND h.active
      WHERE r.role = $1 AND r.seen_at > $2 ${more}`,
      [program.helperRole, seenSince, ...parameters],
    );
    return rows.map((row) => row.person_id);
  }
}
