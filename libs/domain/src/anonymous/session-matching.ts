import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import { enqueue, inTransaction } from '@kindline/database';
import { CLOCK, type Clock, Gatherer, RANDOMNESS, type Randomness } from '@kindline/platform';
import { DataSource, type EntityManager } from 'typeorm';
import { announce } from '../announcements/announcement';
import { HELPER_SEEN_WITHIN } from '../matching/eligibility';
import { PresenceDirectory } from '../presence/presence';
import type { Program } from '../programs/program';
import { CARRIED_WITHIN_MS } from './anonymous-session';
import { lockQueue, queueOrder } from './queue';

/** Calls that share one look. */
const MOST_AT_ONCE = 1_000;
/** Given out by one transaction; what is left waits for the next one, right after it. */
const MOST_ASSIGNED = 50;
/** Whoever has not joined by then is told by push. */
const JOIN_WITHIN_MS = 5_000;

interface Free {
  person_id: string;
  load: number;
  room: number;
}

/** Gives waiting sessions to helpers who are online: the head of the queue to the least loaded one. */
@Injectable()
export class SessionMatching implements BeforeApplicationShutdown {
  private readonly logger = new Logger(SessionMatching.name);
  private readonly runs: Gatherer<Program, void>;

  constructor(
    private readonly dataSource: DataSource,
    private readonly presence: PresenceDirectory,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RANDOMNESS) private readonly randomness: Randomness,
    @Inject(HELPER_SEEN_WITHIN) private readonly seenWithin: number,
  ) {
    this.runs = new Gatherer<Program, void>(
      async (programs) => {
        for (const program of new Set(programs)) while (await this.round(program));
        return [];
      },
      { most: MOST_AT_ONCE },
    );
  }

  /**
   * Resolves when nobody waits while a helper is free. Calls of one moment share a look.
   * @throws while Redis is away: who is online is not known
   */
  async run(program: Program): Promise<void> {
    await this.runs.add(program);
  }

  /** The same after a change that stands already: what fails is left to the next sweep. */
  async tryRun(program: Program): Promise<void> {
    await this.run(program).catch((err: unknown) =>
      this.logger.warn({ err }, 'the queue could not be served'),
    );
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.runs.settled();
  }

  /** @returns whether there may be more to give out */
  private async round(program: Program): Promise<boolean> {
    const waiting = await this.dataSource.query<unknown[]>(
      `SELECT FROM anonymous_sessions WHERE program = $1 AND status = 'queued' LIMIT 1`,
      [program.name],
    );
    if (waiting.length === 0) return false;
    const online = await this.presence.helpers(program.helperRole);
    if (online.length === 0) return false;
    return inTransaction(this.dataSource, async (manager) => {
      await lockQueue(manager);
      const queue = await manager.query<{ id: string; seeker_id: string }[]>(
        `SELECT s.id, s.seeker_id FROM anonymous_sessions s WHERE s.program = $1 AND s.status = 'queued'
        ORDER BY ${queueOrder('s')} LIMIT $2`,
        [program.name, MOST_ASSIGNED],
      );
      const given = distribute(queue, await this.free(manager, program, online));
      if (given.length === 0) return false;
      await this.give(manager, program, given);
      return queue.length === MOST_ASSIGNED;
    });
  }

  /** Those of these helpers who may take one more. Uses anonymous_sessions_load. */
  private async free(manager: EntityManager, program: Program, online: string[]): Promise<Free[]> {
    return manager.query<Free[]>(
      `SELECT h.person_id, load.open AS load, coalesce((h.capacities ->> $1)::int, $2) - load.open AS room
      FROM helper_profiles h
      JOIN person_roles r ON r.person_id = h.person_id AND r.role = $3 AND r.seen_at > $4
      CROSS JOIN LATERAL (
        SELECT count(*)::int AS open FROM anonymous_sessions s
        WHERE s.helper_id = h.person_id AND s.program = $1 AND s.status = 'active'
      ) load
      WHERE h.person_id = ANY ($5) AND h.active AND load.open < coalesce((h.capacities ->> $1)::int, $2)
      ORDER BY load.open, md5(h.person_id::text || $6)`,
      [
        program.name,
        program.capacity,
        program.helperRole,
        new Date(this.clock.now().getTime() - this.seenWithin),
        online,
        this.randomness.seed(),
      ],
    );
  }

  private async give(
    manager: EntityManager,
    program: Program,
    given: { sessionId: string; helperId: string }[],
  ): Promise<void> {
    const now = this.clock.now();
    const [rows] = await manager.query<[{ id: string }[], number]>(
      `UPDATE anonymous_sessions s SET status = 'active', helper_id = g.helper_id, version = version + 1,
        changed_at = $3, check_at = $5, lost_at = NULL, seeker_push_due_at = coalesce(seeker_push_due_at, $4), helper_push_due_at = $4
      FROM unnest($1::uuid[], $2::uuid[]) AS g (session_id, helper_id)
      WHERE s.id = g.session_id AND s.status = 'queued' RETURNING s.id`,
      [
        given.map(({ sessionId }) => sessionId),
        given.map(({ helperId }) => helperId),
        now,
        new Date(now.getTime() + JOIN_WITHIN_MS),
        new Date(now.getTime() + CARRIED_WITHIN_MS),
      ],
    );
    await enqueue(
      manager,
      ...rows.map(({ id }) => announce({ task: 'session.changed', sessionId: id, formerHelperId: null })),
      announce({ task: 'session.queue', program: program.name }),
    );
  }
}

/** The queue's head to the least loaded, again and again; nobody helps themselves. */
function distribute(
  queue: readonly { id: string; seeker_id: string }[],
  helpers: Free[],
): { sessionId: string; helperId: string }[] {
  const given: { sessionId: string; helperId: string }[] = [];
  for (const { id, seeker_id } of queue) {
    const able = helpers.filter(({ room, person_id }) => room > 0 && person_id !== seeker_id);
    const least = able.reduce<Free | undefined>(
      (best, helper) => (best && best.load <= helper.load ? best : helper),
      undefined,
    );
    if (!least) continue;
    least.load++;
    least.room--;
    given.push({ sessionId: id, helperId: least.person_id });
  }
  return given;
}
