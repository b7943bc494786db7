import { Inject, Injectable } from '@nestjs/common';
import { KindlineError } from '@kindline/contracts';
import {
  enqueue,
  inTransaction,
  type NewJob,
  removeJobs,
  updated,
  uuidV7,
  violatedConstraint,
} from '@kindline/database';
import { CLOCK, type Clock } from '@kindline/platform';
import { DataSource, type EntityManager } from 'typeorm';
import { announce } from '../announcements/announcement';
import { HELPER_SEEN_WITHIN } from '../matching/eligibility';
import { Matching } from '../matching/matching';
import { Notifications } from '../notifications/notifications';
import type { Program } from '../programs/program';
import { reinviteTimer, requestTimerKeys, requestTimers } from './request-timers';
import { requestStatesBefore } from './request-transitions';
import { unaskedRequests } from './unasked-requests';

export interface NewRequest {
  type: string;
  note: string | null;
  /** How many helpers are online, where everyone online is asked. */
  online?: number;
}

export interface StartedRequest {
  requestId: string;
  /** How many helpers it asks. */
  asked: number;
}

/** The seeker has a pending request already. Dialects show its id under a name of their own. */
export class RequestPendingError extends KindlineError {
  constructor(readonly requestId: string) {
    super('request_already_pending');
  }

  /** The same with the pending request's id beside the code. */
  shownAs(name: string): KindlineError {
    return new KindlineError(this.code, this.message, { extra: { [name]: this.requestId } });
  }
}

/** Help requests: asked, offered again, cancelled, expired. Accepting is in acceptance.ts. */
@Injectable()
export class Requests {
  constructor(
    private readonly dataSource: DataSource,
    private readonly matching: Matching,
    private readonly notifications: Notifications,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(HELPER_SEEN_WITHIN) private readonly seenWithin: number,
  ) {}

  /**
   * Opens a request and asks the first helpers, in one transaction.
   * @throws RequestPendingError
   */
  async start(program: Program, seekerId: string, request: NewRequest): Promise<StartedRequest> {
    try {
      return await inTransaction(this.dataSource, async (manager) => {
        const now = this.clock.now();
        const requestId = uuidV7();
        await manager.query(
          `INSERT INTO help_requests (id, program, seeker_id, type, note, status, created_at)
          VALUES ($1, $2, $3, $4, $5, 'pending', $6)`,
          [requestId, program.name, seekerId, request.type, request.note, now],
        );
        const timers = requestTimers(program, requestId, now);
        if (program.asks === 'everyone_online') {
          const asked = request.online ?? 0;
          await enqueue(manager, ...everyoneAsked(requestId, asked), ...timers);
          return { requestId, asked };
        }
        const asked = await this.invite(manager, program, { id: requestId, seekerId }, 1);
        await enqueue(manager, ...timers);
        return { requestId, asked };
      });
    } catch (error) {
      if (violatedConstraint(error) !== 'help_requests_one_pending') throw error;
      const pending = await this.pendingOf(program, seekerId);
      if (!pending) return this.start(program, seekerId, request);
      throw new RequestPendingError(pending);
    }
  }

  /** @throws not_found when nothing is pending. */
  async cancel(program: Program, seekerId: string): Promise<string> {
    const requestId = await this.pendingOf(program, seekerId);
    const closed = requestId && (await this.close(requestId, 'cancelled'));
    if (!requestId || !closed) throw new KindlineError('not_found', 'There is no pending request');
    return requestId;
  }

  /**
   * A helper does not want this request: it is not shown to them again. Repeating it changes nothing.
   * @throws not_found when nothing is pending, not_invited
   */
  async reject(program: Program, seekerId: string, helperId: string): Promise<void> {
    await inTransaction(this.dataSource, async (manager) => {
      const [request] = await manager.query<{ id: string; round: number }[]>(
        `SELECT id, round FROM help_requests WHERE seeker_id = $1 AND program = $2 AND status = 'pending' FOR SHARE`,
        [seekerId, program.name],
      );
      if (!request) throw new KindlineError('not_found', 'There is no pending request');
      const now = this.clock.now();
      if (program.asks === 'everyone_online' && seekerId !== helperId) {
        await manager.query(
          `INSERT INTO invitations (request_id, helper_id, status, round, invited_at, answered_at)
          VALUES ($1, $2, 'rejected', $3, $4, $4) ON CONFLICT DO NOTHING`,
          [request.id, helperId, request.round, now],
        );
        return;
      }
      const rejected = await updated(
        manager,
        `UPDATE invitations SET status = 'rejected', answered_at = $3
        WHERE request_id = $1 AND helper_id = $2 AND status IN ('invited', 'rejected') RETURNING helper_id`,
        [request.id, helperId, now],
      );
      if (rejected.length === 0) throw new KindlineError('not_invited');
    });
  }

  /** Timer: nobody accepted in time. Does nothing when the request has moved on. */
  async expire(requestId: string): Promise<void> {
    await this.close(requestId, 'expired');
  }

  /** Timer: asks helpers who were not asked yet. `round` is the one this job was written after. */
  async reinvite(program: Program, requestId: string, round: number): Promise<void> {
    await inTransaction(this.dataSource, async (manager) => {
      const [request] = await updated<{ seeker_id: string }>(
        manager,
        `UPDATE help_requests SET round = round + 1, version = version + 1
        WHERE id = $1 AND status = 'pending' AND round = $2 RETURNING seeker_id`,
        [requestId, round],
      );
      if (!request) return;
      await this.invite(manager, program, { id: requestId, seekerId: request.seeker_id }, round + 1);
      await enqueue(manager, ...reinviteTimer(program, requestId, round + 1, this.clock.now()));
    });
  }

  /** Starts the next round of requests for which nobody is being asked. */
  async reinviteUnasked(program: Program): Promise<void> {
    for (const { id, round } of await unaskedRequests(this.dataSource, program))
      await this.reinvite(program, id, round);
  }

  /** Timer: tells the leads that a request is unanswered, once. */
  async escalate(program: Program, requestId: string): Promise<void> {
    await inTransaction(this.dataSource, async (manager) => {
      const [request] = await manager.query<{ status: string }[]>(
        `SELECT status FROM help_requests WHERE id = $1 FOR SHARE`,
        [requestId],
      );
      if (request?.status !== 'pending') return;
      const leads = await manager.query<{ person_id: string }[]>(
        `SELECT h.person_id FROM helper_profiles h
        JOIN person_roles r ON r.person_id = h.person_id AND r.role = $1 AND r.seen_at > $2
        WHERE h.lead AND h.active`,
        [program.helperRole, new Date(this.clock.now().getTime() - this.seenWithin)],
      );
      await this.notifications.create(
        manager,
        program,
        'request_unanswered',
        leads.map(({ person_id }) => ({
          personId: person_id,
          requestId,
          dedupeKey: `${requestId}:unanswered:${person_id}`,
        })),
      );
    });
  }

  private async pendingOf(program: Program, seekerId: string): Promise<string | undefined> {
    const [pending] = await this.dataSource.query<{ id: string }[]>(
      `SELECT id FROM help_requests WHERE seeker_id = $1 AND program = $2 AND status = 'pending'`,
      [seekerId, program.name],
    );
    return pending?.id;
  }

  private async invite(
    manager: EntityManager,
    program: Program,
    request: { id: string; seekerId: string },
    round: number,
  ): Promise<number> {
    const helperIds = await this.matching.pick(manager, program, request, round);
    await manager.query(
      `INSERT INTO invitations (request_id, helper_id, status, round, invited_at)
      SELECT $1, helper_id, 'invited', $2, $3 FROM unnest($4::uuid[]) AS helper_id`,
      [request.id, round, this.clock.now(), helperIds],
    );
    await this.notifications.create(
      manager,
      program,
      'request_invited',
      helperIds.map((personId) => ({ personId, requestId: request.id })),
    );
    if (helperIds.length > 0 || round === 1) {
      const asked = helperIds.length;
      await enqueue(manager, announce({ task: 'request.invited', requestId: request.id, round, asked }));
    }
    return helperIds.length;
  }

  /** @returns false when the request was not pending any more. */
  private async close(requestId: string, status: 'cancelled' | 'expired'): Promise<boolean> {
    return inTransaction(this.dataSource, async (manager) => {
      const now = this.clock.now();
      const [closed] = await updated<{ id: string }>(
        manager,
        `UPDATE help_requests SET status = $2, closed_at = $3, version = version + 1
        WHERE id = $1 AND status = ANY ($4) RETURNING id`,
        [requestId, status, now, requestStatesBefore(status)],
      );
      if (!closed) return false;
      await manager.query(
        `UPDATE invitations SET status = 'withdrawn', answered_at = $2 WHERE request_id = $1 AND status = 'invited'`,
        [requestId, now],
      );
      await removeJobs(manager, 'timers', requestTimerKeys(requestId));
      await enqueue(manager, announce({ task: 'request.closed', requestId }));
      return true;
    });
  }
}

/** No invitations: who is online when it is announced, or comes online while it is pending, is shown it. */
function everyoneAsked(requestId: string, asked: number): NewJob[] {
  return [
    announce({ task: 'request.invited', requestId, round: 1, asked }),
    { queue: 'push', task: 'request.push', payload: { requestId } },
  ];
}
