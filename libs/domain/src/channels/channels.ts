import { Inject, Injectable } from '@nestjs/common';
import type { Person } from '@kindline/auth';
import { KindlineError } from '@kindline/contracts';
import { enqueue, inTransaction, uuidV7 } from '@kindline/database';
import { CLOCK, type Clock } from '@kindline/platform';
import { DataSource, type EntityManager } from 'typeorm';
import { announce } from '../announcements/announcement';
import { conversationStatesBefore } from '../conversations/conversation-transitions';
import { Conversations } from '../conversations/conversations';
import { HELPER_SEEN_WITHIN, lockHelperWithRoom } from '../matching/eligibility';
import { appendIn } from '../messages/message-writer';
import type { Program } from '../programs/program';
import { ChannelAccess } from './channel-access';
import { ChannelMatching } from './channel-matching';
import { CHANNELS_PROGRAM } from './channels-program';

/**
 * Support channels: conversations that begin without a request. One that nobody answers waits for a helper
 * (`waiting_since`); who comes and goes is in ChannelMembers.
 */
@Injectable()
export class Channels {
  constructor(
    private readonly dataSource: DataSource,
    private readonly access: ChannelAccess,
    private readonly conversations: Conversations,
    private readonly matching: ChannelMatching,
    @Inject(CHANNELS_PROGRAM) private readonly program: Program,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(HELPER_SEEN_WITHIN) private readonly seenWithin: number,
  ) {}

  /**
   * Opens a channel with its first message, and gives it to the least-loaded helper who is online, in one
   * transaction; else, and while Redis is away, it waits.
   * @returns its id
   */
  async open(
    seeker: Person,
    { subject, message }: { subject?: string | undefined; message?: string | undefined },
  ): Promise<string> {
    const { program } = this;
    // Who is online is not known while Redis is away: it waits, and whoever finds it waiting says so.
    const online = await this.matching.online(program).catch((): string[] => []);
    const channelId = await inTransaction(this.dataSource, async (manager) => {
      const now = this.clock.now();
      const id = uuidV7();
      await manager.query(
        `WITH channel AS (
          INSERT INTO conversations (id, program, subject, status, created_at, last_activity_at, waiting_since)
          VALUES ($1, $2, $3, 'active', $4, $4, $4)
        )
        INSERT INTO conversation_members (conversation_id, person_id, role, program, joined_at)
        VALUES ($1, $5, 'seeker', $2, $4)`,
        [id, program.name, subject ?? null, now, seeker.id],
      );
      // Before the message, so that it is new to whoever is given the channel.
      if (online.length > 0) await this.matching.assign(manager, program, online);
      if (message !== undefined) {
        const first = {
          conversationId: id,
          senderId: seeker.id,
          type: 'text',
          content: message,
          replyTo: null,
        } as const;
        await appendIn(manager, first, now);
      }
      await enqueue(manager, announce({ task: 'conversation.changed', conversationId: id }));
      return id;
    });
    if (await this.waits(channelId)) await this.matching.tryRun(program);
    return channelId;
  }

  /**
   * Ends a channel, for its seeker, its helpers and supervisors. Closing a closed one changes nothing.
   * @throws not_found, forbidden
   */
  async close(channelId: string, person: Person): Promise<void> {
    const { role } = await this.access.requireDecider(channelId, person);
    if (role === null) await this.conversations.end(channelId, 'system', 'ended_by_supervisor', person.id);
    else await this.conversations.endByMember(channelId, person.id, role, this.program.name);
    // Somebody has room now.
    await this.matching.tryRun(this.program);
  }

  /**
   * Opens a closed channel again, for the same. Its helpers come back if they may still help and have room, else
   * they are members no more; where none is left it waits for another one. An open one is left as it is.
   * @throws not_found, forbidden, at_capacity for a helper who has no room for it
   */
  async reopen(channelId: string, person: Person): Promise<void> {
    await inTransaction(this.dataSource, async (manager) => {
      const standing = await this.access.lock(manager, channelId, person.id);
      // Locked: who was left out by somebody who was faster decides nothing any more.
      this.access.requireDeciding(standing, person);
      if (!conversationStatesBefore('active').includes(standing.status)) return;
      const left = await this.withoutRoom(manager, channelId, person.id);
      await manager.query(
        `DELETE FROM conversation_members WHERE conversation_id = $1 AND person_id = ANY ($2)`,
        [channelId, left],
      );
      await this.activate(manager, channelId);
      await enqueue(manager, announce({ task: 'conversation.changed', conversationId: channelId }));
    });
    if (await this.waits(channelId)) await this.matching.tryRun(this.program);
  }

  /** Locks its former helpers. @returns those who cannot come back @throws when that is who wants it open again */
  private async withoutRoom(manager: EntityManager, channelId: string, byId: string): Promise<string[]> {
    const seenSince = new Date(this.clock.now().getTime() - this.seenWithin);
    const helpers = await manager.query<{ person_id: string }[]>(
      `SELECT person_id FROM conversation_members WHERE conversation_id = $1 AND role = 'helper' ORDER BY person_id`,
      [channelId],
    );
    const left: string[] = [];
    for (const { person_id } of helpers) {
      try {
        await lockHelperWithRoom(manager, this.program, person_id, seenSince);
      } catch (error) {
        if (!(error instanceof KindlineError) || person_id === byId) throw error;
        left.push(person_id);
      }
    }
    return left;
  }

  /** Its members join anew at its head: nothing older is shown to them live. */
  private async activate(manager: EntityManager, channelId: string): Promise<void> {
    await manager.query(
      `UPDATE conversations c SET status = 'active', ended_at = NULL, ended_by = NULL, end_reason = NULL,
        version = version + 1, last_activity_at = greatest(last_activity_at, $2),
        waiting_since = CASE WHEN EXISTS (SELECT FROM conversation_members m
          WHERE m.conversation_id = c.id AND m.role = 'helper') THEN NULL ELSE $2::timestamptz END
      WHERE id = $1`,
      [channelId, this.clock.now()],
    );
    await manager.query(
      `UPDATE conversation_members m SET open = true, settled_at = NULL, joined_seq = c.last_seq FROM conversations c
      WHERE c.id = m.conversation_id AND m.conversation_id = $1`,
      [channelId],
    );
  }

  private async waits(channelId: string): Promise<boolean> {
    const [row] = await this.dataSource.query<unknown[]>(
      `SELECT FROM conversations WHERE id = $1 AND waiting_since IS NOT NULL`,
      [channelId],
    );
    return row !== undefined;
  }
}
