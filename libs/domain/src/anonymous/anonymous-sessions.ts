import { Inject, Injectable } from '@nestjs/common';
import { isUuid, KindlineError, type ProgramName } from '@kindline/contracts';
import { enqueue, inTransaction, updated, uuidV7 } from '@kindline/database';
import { CLOCK, type Clock } from '@kindline/platform';
import { DataSource } from 'typeorm';
import { announce } from '../announcements/announcement';
import { Programs } from '../programs/programs';
import type { Program } from '../programs/program';
import { newAnonymousId } from './anonymous-id';
import {
  type AnonymousSession,
  anonymousOf,
  CARRIED_WITHIN_MS,
  type GivenSession,
  unknownSession,
} from './anonymous-session';
import { ForgottenSessions } from './forgotten-sessions';
import { joinQueue, queueOrder, queuePosition } from './queue';
import { forgetAudit } from './session-audit';
import { SessionMatching } from './session-matching';
import type { Side } from './session-lines';
import { type SessionContext, SessionStore } from './session-store';

const COLUMNS = `s.id, s.program, s.seeker_id, s.helper_id, s.status, s.version, s.created_at, s.ended_by,
  ${queuePosition('s')} AS position`;

/**
 * Sessions whose two sides do not learn who the other one is. Postgres has who they are, Redis what they say; only
 * a session's id stands in both. Redis decides how long it lasts: a session it has forgotten is removed here.
 */
@Injectable()
export class AnonymousSessions {
  constructor(
    private readonly dataSource: DataSource,
    private readonly store: SessionStore,
    private readonly matching: SessionMatching,
    private readonly forgotten: ForgottenSessions,
    private readonly programs: Programs,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * The person's open session, or a new one: given to a helper at once, or at the end of the queue.
   * @throws while Redis is away, and nothing has changed
   */
  async request(
    program: Program,
    seekerId: string,
    topic: string | null,
  ): Promise<{ session: AnonymousSession; context: SessionContext; created: boolean }> {
    const { retention } = anonymousOf(program);
    for (;;) {
      const open = await this.openOf(program, seekerId);
      if (open) {
        const context = await this.store.look(open.id);
        if (context) return { session: open, context, created: false };
        await this.forgotten.forget([open.id]);
      }
      const id = uuidV7();
      const anonymousId = newAnonymousId();
      // First Redis: a row whose session Redis does not know would be taken for a forgotten one.
      await this.store.create(id, { anonymousId, topic }, retention);
      if (!(await this.insert(program, id, seekerId))) {
        await this.store.remove(id);
        continue;
      }
      await this.matching.tryRun(program);
      const session = await this.byId(id);
      const context = await this.store.look(id);
      if (!session || !context) throw new KindlineError('unavailable');
      if (session.status === 'queued') await this.announceQueue(program.name);
      return { session, context, created: true };
    }
  }

  /** @throws not_found, also when only Redis has forgotten it by now */
  async require(id: string): Promise<AnonymousSession> {
    const session = isUuid(id) ? await this.byId(id) : undefined;
    if (!session) throw unknownSession();
    // While Redis is away it is not known, and taken for there.
    const there = await this.store.look(session.id).catch(() => 'not known');
    if (there) return session;
    await this.forgotten.forget([session.id]);
    throw unknownSession();
  }

  /** Open ones in which a person is the seeker or the helper, oldest first. */
  async openFor(program: Program, personId: string): Promise<AnonymousSession[]> {
    return this.read(
      `s.program = $1 AND s.status <> 'ended' AND (s.seeker_id = $2 OR (s.helper_id = $2 AND s.status = 'active'))`,
      [program.name, personId],
    );
  }

  async activeIds(): Promise<string[]> {
    const rows = await this.dataSource.query<{ id: string }[]>(
      `SELECT id FROM anonymous_sessions WHERE status = 'active'`,
    );
    return rows.map(({ id }) => id);
  }

  /** Those with a helper that changed since then. */
  async givenSince(program: ProgramName, since: Date): Promise<GivenSession[]> {
    return this.dataSource.query<GivenSession[]>(
      `SELECT id AS "sessionId", version, program, seeker_id AS "seekerId", helper_id AS "helperId"
      FROM anonymous_sessions WHERE program = $1 AND status = 'active' AND changed_at >= $2`,
      [program, since],
    );
  }

  /** All that wait, in their order. */
  async queued(program: ProgramName): Promise<{ id: string; seeker_id: string }[]> {
    return this.dataSource.query<{ id: string; seeker_id: string }[]>(
      `SELECT s.id, s.seeker_id FROM anonymous_sessions s WHERE s.program = $1 AND s.status = 'queued'
      ORDER BY ${queueOrder('s')}`,
      [program],
    );
  }

  /**
   * Ends it for both. Repeating it changes nothing.
   * @param version the one in which a helper had it: who was replaced meanwhile does not end somebody else's
   * @throws conflict when they were
   */
  async end(id: string, by: Side, version?: number): Promise<void> {
    const now = this.clock.now();
    const program = await inTransaction(this.dataSource, async (manager) => {
      const [ended] = await updated<{ program: ProgramName; was_queued: boolean }>(
        manager,
        `UPDATE anonymous_sessions s SET status = 'ended', ended_by = $2, ended_at = $3, changed_at = $3,
          check_at = $5, version = s.version + 1, lost_at = NULL, seeker_push_due_at = NULL, helper_push_due_at = NULL
        FROM anonymous_sessions old
        WHERE s.id = $1 AND old.id = s.id AND s.status <> 'ended' AND ($4::int IS NULL OR s.version = $4)
        RETURNING s.program, old.status = 'queued' AS was_queued`,
        [id, by, now, version ?? null, this.carriedBy(now)],
      );
      if (!ended) {
        const open = await manager.query<unknown[]>(
          `SELECT FROM anonymous_sessions WHERE id = $1 AND status <> 'ended'`,
          [id],
        );
        if (open.length > 0) throw new KindlineError('conflict', 'The session has changed meanwhile');
        return undefined;
      }
      await enqueue(
        manager,
        announce({ task: 'session.changed', sessionId: id, formerHelperId: null }),
        ...(ended.was_queued ? [announce({ task: 'session.queue', program: ended.program })] : []),
      );
      return ended.program;
    });
    if (program) void this.matching.tryRun(this.programs.get(program));
  }

  /**
   * Its helper has been offline for too long: it waits again, before all others, with everything that was said. What
   * backends did for that helper in it is forgotten now: later nothing here knows that it was theirs.
   */
  async takeBack(id: string, version: number, lostBefore: Date): Promise<void> {
    await inTransaction(this.dataSource, async (manager) => {
      await joinQueue(manager);
      const now = this.clock.now();
      const [lost] = await updated<{ program: ProgramName; helper_id: string; created_at: Date }>(
        manager,
        `UPDATE anonymous_sessions s SET status = 'queued', helper_id = NULL, returned = true,
          version = s.version + 1, changed_at = $4, check_at = $5, lost_at = NULL, helper_push_due_at = NULL
        FROM anonymous_sessions old
        WHERE s.id = $1 AND old.id = s.id AND s.status = 'active' AND s.version = $2 AND s.lost_at <= $3
        RETURNING s.program, s.created_at, old.helper_id`,
        [id, version, lostBefore, now, this.carriedBy(now)],
      );
      if (!lost) return;
      await forgetAudit(manager, [{ personId: lost.helper_id, since: lost.created_at }]);
      await enqueue(
        manager,
        announce({ task: 'session.changed', sessionId: id, formerHelperId: lost.helper_id }),
        announce({ task: 'session.queue', program: lost.program }),
      );
    });
  }

  /** Something waits in it for a side that is not there: to be pushed a moment later, unless they come. */
  async pushSoon(id: string, side: Side, afterMs: number): Promise<void> {
    const column = `${side}_push_due_at`;
    const now = this.clock.now();
    await this.dataSource.query(
      // What is due already is being looked at: they may have been there a moment ago.
      `UPDATE anonymous_sessions SET ${column} = $2
      WHERE id = $1 AND status <> 'ended' AND (${column} IS NULL OR ${column} <= $3 OR ${column} > $2)`,
      [id, new Date(now.getTime() + afterMs), now],
    );
  }

  private async announceQueue(program: ProgramName): Promise<void> {
    await enqueue(this.dataSource.manager, announce({ task: 'session.queue', program }));
  }

  private async openOf(program: Program, seekerId: string): Promise<AnonymousSession | undefined> {
    const [open] = await this.read(`s.program = $1 AND s.seeker_id = $2 AND s.status <> 'ended'`, [
      program.name,
      seekerId,
    ]);
    return open;
  }

  private async byId(id: string): Promise<AnonymousSession | undefined> {
    return (await this.read('s.id = $1', [id]))[0];
  }

  private async read(where: string, parameters: unknown[]): Promise<AnonymousSession[]> {
    return this.dataSource.query<AnonymousSession[]>(
      `SELECT ${COLUMNS} FROM anonymous_sessions s WHERE ${where} ORDER BY s.created_at, s.id`,
      parameters,
    );
  }

  private carriedBy(now: Date): Date {
    return new Date(now.getTime() + CARRIED_WITHIN_MS);
  }

  /** @returns false when the person has one already */
  private async insert(program: Program, id: string, seekerId: string): Promise<boolean> {
    try {
      return await inTransaction(this.dataSource, async (manager) => {
        await joinQueue(manager);
        const now = this.clock.now();
        // Not by the violation of the index: the database would write both ids into its log.
        const inserted = await manager.query<unknown[]>(
          `INSERT INTO anonymous_sessions (id, program, seeker_id, status, created_at, changed_at, check_at)
          VALUES ($1, $2, $3, 'queued', $4, $4, $5)
          ON CONFLICT (seeker_id, program) WHERE status <> 'ended' DO NOTHING RETURNING id`,
          [id, program.name, seekerId, now, this.carriedBy(now)],
        );
        return inserted.length > 0;
      });
    } catch (error) {
      // Nothing of it is left: it would only have expired.
      await this.store.remove(id).catch(() => undefined);
      throw error;
    }
  }
}
