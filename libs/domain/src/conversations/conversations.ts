import { Inject, Injectable } from '@nestjs/common';
import { isUuid, KindlineError, type ProgramName } from '@kindline/contracts';
import { enqueue, inTransaction, removeJobs, updated } from '@kindline/database';
import { CLOCK, type Clock } from '@kindline/platform';
import { DataSource, type EntityManager } from 'typeorm';
import { announce } from '../announcements/announcement';
import { CallEndings } from '../calls/call-endings';
import { Notifications } from '../notifications/notifications';
import { Programs } from '../programs/programs';
import type { Program } from '../programs/program';
import { askForUnasked } from '../requests/unasked-requests';
import { conversationTimerKeys } from './conversation-timers';
import { conversationStatesBefore, type EndedBy, type EndReason } from './conversation-transitions';

export type MemberRole = 'seeker' | 'helper';

/** Everything up to `seq` was read, and when. */
export interface ReadMark {
  seq: number;
  readAt: Date;
}

/** Changes of a conversation: opened by its members, ended by one of them or by the system. */
@Injectable()
export class Conversations {
  constructor(
    private readonly dataSource: DataSource,
    private readonly programs: Programs,
    private readonly notifications: Notifications,
    private readonly calls: CallEndings,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * A member has the conversation on their screen: everything so far is read, and when both have opened
   * it, its session timer starts.
   * @returns what that marked as read, if anything
   * @throws not_found, forbidden (no member, or the other role), conversation_ended
   */
  async opened(
    conversationId: string,
    personId: string,
    role: MemberRole,
    program?: ProgramName,
  ): Promise<ReadMark | undefined> {
    await this.requireMember(conversationId, personId, role, program);
    return inTransaction(this.dataSource, async (manager) => {
      const now = this.clock.now();
      const [conversation] = await updated<{ last_seq: number; started_at: Date | null }>(
        manager,
        `UPDATE conversations SET last_activity_at = greatest(last_activity_at, $2)
        WHERE id = $1 AND status = 'active' RETURNING last_seq, started_at`,
        [conversationId, now],
      );
      if (!conversation) throw new KindlineError('conversation_ended');
      await manager.query(
        `UPDATE conversation_members SET last_opened_at = $3, first_opened_at = coalesce(first_opened_at, $3)
        WHERE conversation_id = $1 AND person_id = $2`,
        [conversationId, personId, now],
      );
      const seq = conversation.last_seq;
      const moved = await markRead(manager, conversationId, personId, seq, now);
      const mark = moved ? { seq, readAt: now } : undefined;
      if (conversation.started_at) return mark;
      const [started] = await updated<{ id: string }>(
        manager,
        `UPDATE conversations c SET started_at = $2, version = version + 1
        WHERE id = $1 AND started_at IS NULL AND NOT EXISTS (
          SELECT FROM conversation_members m WHERE m.conversation_id = c.id AND m.open AND m.first_opened_at IS NULL
        ) RETURNING id`,
        [conversationId, now],
      );
      if (started) await enqueue(manager, announce({ task: 'conversation.started', conversationId }));
      return mark;
    });
  }

  /**
   * A member has read everything up to `seq`.
   * @returns when, or undefined when that was known
   * @throws not_found, forbidden, validation_failed for a message that does not exist
   */
  async read(
    conversationId: string,
    personId: string,
    seq: number,
    program?: ProgramName,
  ): Promise<Date | undefined> {
    const now = this.clock.now();
    // One statement for what happens with every message; why it did nothing is asked afterwards.
    const moved =
      isUuid(conversationId) &&
      (await markRead(this.dataSource.manager, conversationId, personId, seq, now, program));
    if (moved) return now;
    await this.requireMember(conversationId, personId, undefined, program);
    await this.requireMessage(conversationId, seq);
    return undefined;
  }

  /** @throws validation_failed when there is no message with this `seq` yet */
  async requireMessage(conversationId: string, seq: number): Promise<void> {
    const [{ last_seq } = { last_seq: 0 }] = await this.dataSource.query<{ last_seq: number }[]>(
      `SELECT last_seq FROM conversations WHERE id = $1`,
      [conversationId],
    );
    if (seq <= last_seq) return;
    throw new KindlineError('validation_failed', 'There is no message with this seq yet', {
      errors: [{ path: 'seq', message: `must be at most ${last_seq}` }],
    });
  }

  /**
   * A member ends the conversation. Ending one that has ended already changes nothing.
   * @param expected the role they claim to have in it
   * @throws not_found, forbidden
   */
  async endByMember(
    conversationId: string,
    personId: string,
    expected?: MemberRole,
    program?: ProgramName,
  ): Promise<void> {
    const { role } = await this.requireMember(conversationId, personId, expected, program);
    await this.end(
      conversationId,
      role,
      role === 'seeker' ? 'ended_by_user' : 'ended_by_volunteer',
      personId,
    );
  }

  /** @returns false when it had ended already. */
  async end(conversationId: string, by: EndedBy, reason: EndReason, personId?: string): Promise<boolean> {
    return inTransaction(this.dataSource, (manager) =>
      this.endIn(manager, conversationId, by, reason, personId),
    );
  }

  async endIn(
    manager: EntityManager,
    conversationId: string,
    by: EndedBy,
    reason: EndReason,
    personId?: string,
  ): Promise<boolean> {
    const now = this.clock.now();
    const [ended] = await updated<{ program: Program['name']; request_id: string | null }>(
      manager,
      `UPDATE conversations SET status = 'ended', ended_at = $2, ended_by = $3, end_reason = $4, waiting_since = NULL,
        version = version + 1
      WHERE id = $1 AND status = ANY ($5) RETURNING program, request_id`,
      [conversationId, now, by, reason, conversationStatesBefore('ended')],
    );
    if (!ended) return false;
    const members = await updated<{ person_id: string; role: MemberRole }>(
      manager,
      `UPDATE conversation_members m SET open = false,
        settled_at = CASE WHEN c.request_id IS NULL THEN c.last_activity_at END
      FROM conversations c
      WHERE m.conversation_id = $1 AND m.open AND c.id = m.conversation_id RETURNING m.person_id, m.role`,
      [conversationId],
    );
    await removeJobs(manager, 'timers', conversationTimerKeys(conversationId));
    await this.calls.endWithConversation(manager, conversationId);
    const program = this.programs.get(ended.program);
    for (const { person_id, role } of members) {
      const notification = {
        personId: person_id,
        conversationId,
        ...(personId ? { senderId: personId } : {}),
      };
      await this.notifications.create(manager, program, `ended_for_${role}`, [notification]);
      if (role === 'helper') await this.notifications.create(manager, program, 'thanks', [notification]);
    }
    // Its helper may have room again.
    await askForUnasked(manager, program, now);
    await enqueue(manager, announce({ task: 'conversation.ended', conversationId }));
    if (ended.request_id === null)
      await enqueue(manager, announce({ task: 'conversation.changed', conversationId }));
    return true;
  }

  /**
   * @throws not_found when there is no such conversation (in that program), forbidden when the person is no
   * member (in that role)
   */
  async requireMember(
    conversationId: string,
    personId: string,
    role?: MemberRole,
    program?: ProgramName,
  ): Promise<{ role: MemberRole; program: Program['name']; status: 'active' | 'ended' }> {
    const [row] = isUuid(conversationId)
      ? await this.dataSource.query<
          { role: MemberRole | null; program: Program['name']; status: 'active' | 'ended' }[]
        >(
          `SELECT m.role, c.program, c.status FROM conversations c
          LEFT JOIN conversation_members m ON m.conversation_id = c.id AND m.person_id = $2
          WHERE c.id = $1`,
          [conversationId, personId],
        )
      : [];
    if (!row || (program && row.program !== program)) {
      throw new KindlineError('not_found', 'There is no such conversation');
    }
    if (!row.role) throw new KindlineError('forbidden', 'You do not belong to this conversation');
    if (role && row.role !== role)
      throw new KindlineError('forbidden', `This is for the ${role} of the conversation`);
    return { role: row.role, program: row.program, status: row.status };
  }
}

/**
 * Moves a member's read mark forward, to a message that exists. A push that is due stays so: it is dropped when
 * it finds nothing unread.
 * @returns false when the mark stood there already
 */
async function markRead(
  manager: EntityManager,
  conversationId: string,
  personId: string,
  seq: number,
  now: Date,
  program?: ProgramName,
): Promise<boolean> {
  const moved = await manager.query<unknown[]>(
    `WITH moved AS (
      UPDATE conversation_members m SET last_read_seq = $3 FROM conversations c
      WHERE m.conversation_id = $1 AND m.person_id = $2 AND m.last_read_seq < $3
        AND c.id = m.conversation_id AND $3 <= c.last_seq AND ($5::text IS NULL OR c.program = $5)
      RETURNING m.conversation_id
    )
    INSERT INTO message_reads (conversation_id, person_id, up_to_seq, read_at)
    SELECT conversation_id, $2, $3, $4 FROM moved ON CONFLICT DO NOTHING RETURNING up_to_seq`,
    [conversationId, personId, seq, now, program ?? null],
  );
  return moved.length > 0;
}
