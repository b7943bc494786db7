import { Inject, Injectable } from '@nestjs/common';
import { enqueue, inTransaction } from '@kindline/database';
import { CLOCK, type Clock, RANDOMNESS, type Randomness } from '@kindline/platform';
import { DataSource, type EntityManager } from 'typeorm';
import { announce } from '../announcements/announcement';
import { HELPER_SEEN_WITHIN } from '../matching/eligibility';
import {
  distribute,
  type Free,
  freeHelpers,
  type Given,
  SESSIONS_HELD,
  type Waiting,
} from '../matching/least-loaded';
import { QueueMatching } from '../matching/queue-matching';
import { PresenceDirectory } from '../presence/presence';
import type { Program } from '../programs/program';
import { CARRIED_WITHIN_MS } from './anonymous-session';
import { lockQueue, queueOrder } from './queue';

/** Given out by one transaction; what is left waits for the next one, right after it. */
const MOST_ASSIGNED = 50;
/** Whoever has not joined by then is told by push. */
const JOIN_WITHIN_MS = 5_000;

/** Gives waiting sessions to helpers who are online: the head of the queue to the least loaded one. */
@Injectable()
export class SessionMatching extends QueueMatching {
  constructor(
    private readonly dataSource: DataSource,
    private readonly presence: PresenceDirectory,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RANDOMNESS) private readonly randomness: Randomness,
    @Inject(HELPER_SEEN_WITHIN) private readonly seenWithin: number,
  ) {
    super();
  }

  protected async round(program: Program): Promise<boolean> {
    const waiting = await this.dataSource.query<unknown[]>(
      `SELECT FROM anonymous_sessions WHERE program = $1 AND status = 'queued' LIMIT 1`,
      [program.name],
    );
    if (waiting.length === 0) return false;
    const online = await this.presence.helpers(program.helperRole);
    if (online.length === 0) return false;
    return inTransaction(this.dataSource, async (manager) => {
      await lockQueue(manager);
      const queue = await manager.query<Waiting[]>(
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

  /** Those of these helpers who may take one more. */
  private async free(manager: EntityManager, program: Program, online: string[]): Promise<Free[]> {
    return freeHelpers(manager, program, SESSIONS_HELD, {
      among: online,
      seenSince: new Date(this.clock.now().getTime() - this.seenWithin),
      seed: this.randomness.seed(),
    });
  }

  private async give(manager: EntityManager, program: Program, given: Given[]): Promise<void> {
    const now = this.clock.now();
    const [rows] = await manager.query<[{ id: string }[], number]>(
      `UPDATE anonymous_sessions s SET status = 'active', helper_id = g.helper_id, version = version + 1,
        changed_at = $3, check_at = $5, lost_at = NULL, seeker_push_due_at = coalesce(seeker_push_due_at, $4), helper_push_due_at = $4
      FROM unnest($1::uuid[], $2::uuid[]) AS g (session_id, helper_id)
      WHERE s.id = g.session_id AND s.status = 'queued' RETURNING s.id`,
      [
        given.map(({ id }) => id),
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
