import { Inject, Injectable } from '@nestjs/common';
import { enqueue, inTransaction } from '@kindline/database';
import { CLOCK, type Clock } from '@kindline/platform';
import { DataSource, type EntityManager } from 'typeorm';
import { Notifications } from '../notifications/notifications';
import type { Program } from '../programs/program';
import { Programs } from '../programs/programs';
import { silenceLookAfter, silenceTimer, unopenedStages, unopenedTimer } from './conversation-timers';
import { Conversations } from './conversations';

interface Watched {
  program: Program['name'];
  created_at: Date;
  last_activity_at: Date;
  warned_for: Date | null;
  engaged: boolean;
  in_call: boolean;
  seeker_id: string;
}

/** What the timers of a conversation do when they are due. Each is fenced by the state it finds. */
@Injectable()
export class ConversationTimerTasks {
  constructor(
    private readonly dataSource: DataSource,
    private readonly programs: Programs,
    private readonly conversations: Conversations,
    private readonly notifications: Notifications,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** One step of reminding a seeker who has neither opened nor written, then the next; the last one ends it. */
  async unopened(conversationId: string, stageIndex: number): Promise<void> {
    await inTransaction(this.dataSource, async (manager) => {
      const found = await this.lock(manager, conversationId);
      if (!found || found.engaged) return;
      const program = this.programs.get(found.program);
      const stage = unopenedStages(program)[stageIndex]?.stage;
      if (!stage) return;
      if (stage === 'end') {
        await this.conversations.endIn(manager, conversationId, 'system', 'never_opened');
        return;
      }
      await this.remind(
        manager,
        program,
        stage,
        conversationId,
        found.seeker_id,
        `${conversationId}:${stage}`,
      );
      await enqueue(manager, ...unopenedTimer(program, conversationId, found.created_at, stageIndex + 1));
    });
  }

  /**
   * Looks at the silence: ends the conversation, warns of its end, or looks again when that will be due.
   * Timers are not re-armed by messages, so most looks only write the next one.
   */
  async silence(conversationId: string): Promise<void> {
    await inTransaction(this.dataSource, async (manager) => {
      const found = await this.lock(manager, conversationId);
      if (!found) return;
      const program = this.programs.get(found.program);
      const { inactivityAfter, expiryWarningBefore } = program;
      const lookAfter = silenceLookAfter(program);
      if (inactivityAfter === null || lookAfter === null) return;

      const now = this.clock.now().getTime();
      // Where nobody has to open it, silence counts from its beginning.
      const unopened = !found.engaged && program.unopenedEndAfter !== null;
      // Who talks is not silent; when the call ends, that is its newest activity.
      if (unopened || found.in_call) {
        await enqueue(manager, silenceTimer(conversationId, new Date(now + lookAfter)));
        return;
      }
      const activity = found.last_activity_at.getTime();
      const endAt = activity + inactivityAfter;
      if (now >= endAt) {
        await this.conversations.endIn(manager, conversationId, 'system', 'inactivity');
        return;
      }
      const warnAt = expiryWarningBefore === null ? endAt : endAt - expiryWarningBefore;
      if (warnAt <= activity || now >= warnAt) {
        const warned = found.warned_for?.getTime() === activity;
        if (warnAt > activity && !warned) await this.warn(manager, program, conversationId, found);
        await enqueue(manager, silenceTimer(conversationId, new Date(endAt)));
        return;
      }
      await enqueue(manager, silenceTimer(conversationId, new Date(warnAt)));
    });
  }

  private async warn(
    manager: EntityManager,
    program: Program,
    conversationId: string,
    { seeker_id, last_activity_at }: Watched,
  ): Promise<void> {
    await manager.query(`UPDATE conversations SET warned_for = last_activity_at WHERE id = $1`, [
      conversationId,
    ]);
    const dedupeKey = `${conversationId}:expiry_warning:${last_activity_at.toISOString()}`;
    await this.remind(manager, program, 'expiry_warning', conversationId, seeker_id, dedupeKey);
  }

  private async remind(
    manager: EntityManager,
    program: Program,
    moment: 'reminder' | 'follow_up_1' | 'follow_up_2' | 'expiry_warning',
    conversationId: string,
    personId: string,
    dedupeKey: string,
  ): Promise<void> {
    await this.notifications.create(manager, program, moment, [{ personId, conversationId, dedupeKey }]);
  }

  /** The active conversation, locked so that no message changes its activity meanwhile. */
  private async lock(manager: EntityManager, conversationId: string): Promise<Watched | undefined> {
    const [locked] = await manager.query<{ status: string }[]>(
      `SELECT status FROM conversations WHERE id = $1 FOR NO KEY UPDATE`,
      [conversationId],
    );
    if (locked?.status !== 'active') return undefined;
    const [found] = await manager.query<Watched[]>(
      `SELECT c.program, c.created_at, c.last_activity_at, c.warned_for, m.person_id AS seeker_id,
        m.first_opened_at IS NOT NULL
          OR EXISTS (SELECT FROM messages t WHERE t.conversation_id = c.id AND t.sender_id = m.person_id) AS engaged,
        EXISTS (SELECT FROM call_records r WHERE r.conversation_id = c.id AND r.status <> 'ended') AS in_call
      FROM conversations c
      JOIN conversation_members m ON m.conversation_id = c.id AND m.role = 'seeker'
      WHERE c.id = $1`,
      [conversationId],
    );
    return found;
  }
}
