import { Inject, Injectable } from '@nestjs/common';
import { KindlineError } from '@kindline/contracts';
import { enqueue, inTransaction, removeJobs, updated, uuidV7 } from '@kindline/database';
import { CLOCK, type Clock } from '@kindline/platform';
import { DataSource, type EntityManager } from 'typeorm';
import { announce } from '../announcements/announcement';
import { conversationTimers } from '../conversations/conversation-timers';
import { HELPER_SEEN_WITHIN, lockHelperWithRoom } from '../matching/eligibility';
import { Notifications } from '../notifications/notifications';
import type { Program } from '../programs/program';
import { requestTimerKeys } from './request-timers';
import { requestStatesBefore } from './request-transitions';

interface Candidate {
  id: string;
  status: string;
  accepted_by: string | null;
  invitation: string | null;
  conversation_id: string | null;
}

/** Accepting a request: the one place where a helper is bound to a seeker. */
@Injectable()
export class Acceptance {
  constructor(
    private readonly dataSource: DataSource,
    private readonly notifications: Notifications,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(HELPER_SEEN_WITHIN) private readonly seenWithin: number,
  ) {}

  /**
   * Binds the helper to the seeker's request, in one guarded transaction: of many who accept at once
   * exactly one wins, and a helper never exceeds their capacity. The winner's repeat answers the same.
   * @returns the conversation's id
   * @throws not_found, not_invited, already_accepted, at_capacity, forbidden (also for one's own request)
   */
  async accept(program: Program, seekerId: string, helperId: string): Promise<string> {
    const now = this.clock.now();
    if (seekerId === helperId) throw new KindlineError('forbidden', 'This request is your own');
    return inTransaction(this.dataSource, async (manager) => {
      const candidate = await this.candidate(manager, program, seekerId, helperId);
      const done = settled(program, candidate, helperId);
      if (done) return done;

      // Helper first, then request: every acceptance locks in this order.
      const request = candidate.id;
      try {
        await lockHelperWithRoom(manager, program, helperId, new Date(now.getTime() - this.seenWithin));
      } catch (error) {
        // Whoever came too late hears that, not that they are full (perhaps because they just won).
        const again = await this.settledNow(manager, program, seekerId, helperId);
        if (again) return again;
        throw error;
      }
      const [won] = await updated<{ id: string }>(
        manager,
        `UPDATE help_requests SET status = 'accepted', accepted_by = $2, accepted_at = $3, closed_at = $3,
          version = version + 1
        WHERE id = $1 AND status = ANY ($4) RETURNING id`,
        [request, helperId, now, requestStatesBefore('accepted')],
      );
      if (!won) {
        const again = await this.settledNow(manager, program, seekerId, helperId);
        if (again) return again;
        throw new KindlineError('conflict');
      }
      return this.open(manager, program, { request, seekerId, helperId, now });
    });
  }

  private async settledNow(
    manager: EntityManager,
    program: Program,
    seekerId: string,
    helperId: string,
  ): Promise<string | undefined> {
    return settled(program, await this.candidate(manager, program, seekerId, helperId), helperId);
  }

  /** The seeker's newest request in this program, as this helper sees it. */
  private async candidate(
    manager: EntityManager,
    program: Program,
    seekerId: string,
    helperId: string,
  ): Promise<Candidate> {
    const [candidate] = await manager.query<Candidate[]>(
      `SELECT r.id, r.status, r.accepted_by, i.status AS invitation, c.id AS conversation_id
      FROM help_requests r
      LEFT JOIN invitations i ON i.request_id = r.id AND i.helper_id = $3
      LEFT JOIN conversations c ON c.request_id = r.id
      WHERE r.seeker_id = $1 AND r.program = $2
      ORDER BY r.created_at DESC, r.id DESC LIMIT 1`,
      [seekerId, program.name, helperId],
    );
    if (!candidate) throw new KindlineError('not_found', 'There is no such request');
    return candidate;
  }

  private async open(
    manager: EntityManager,
    program: Program,
    { request, seekerId, helperId, now }: { request: string; seekerId: string; helperId: string; now: Date },
  ): Promise<string> {
    const conversationId = uuidV7();
    await manager.query(
      `UPDATE invitations SET status = CASE WHEN helper_id = $2 THEN 'accepted' ELSE 'withdrawn' END, answered_at = $3
      WHERE request_id = $1 AND (status = 'invited' OR helper_id = $2)`,
      [request, helperId, now],
    );
    await manager.query(
      `INSERT INTO conversations (id, program, request_id, status, created_at, last_activity_at)
      VALUES ($1, $2, $3, 'active', $4, $4)`,
      [conversationId, program.name, request, now],
    );
    await manager.query(
      `INSERT INTO conversation_members (conversation_id, person_id, role, program, joined_at)
      VALUES ($1, $2, 'seeker', $4, $5), ($1, $3, 'helper', $4, $5)`,
      [conversationId, seekerId, helperId, program.name, now],
    );
    await removeJobs(manager, 'timers', requestTimerKeys(request));
    await this.notifications.create(manager, program, 'request_accepted', [
      { personId: seekerId, requestId: request, conversationId, senderId: helperId },
    ]);
    await enqueue(
      manager,
      ...conversationTimers(program, conversationId, now),
      announce({ task: 'request.accepted', requestId: request }),
    );
    return conversationId;
  }
}

/** The conversation when this helper has won already; undefined while the request can still be won. */
function settled(program: Program, candidate: Candidate, helperId: string): string | undefined {
  const asksEveryone = program.asks === 'everyone_online';
  if (candidate.status === 'accepted') {
    if (candidate.accepted_by === helperId && candidate.conversation_id) return candidate.conversation_id;
    throw new KindlineError(candidate.invitation || asksEveryone ? 'already_accepted' : 'not_invited');
  }
  if (candidate.status !== 'pending')
    throw new KindlineError('not_found', 'The request is not open any more');
  if (candidate.invitation !== 'invited' && !asksEveryone) throw new KindlineError('not_invited');
  return undefined;
}
