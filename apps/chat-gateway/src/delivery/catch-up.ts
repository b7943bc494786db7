import { Injectable, Logger } from '@nestjs/common';
import { NewsReader } from '@kindline/domain';
import { DataSource } from 'typeorm';
import { Connections } from '../sockets/connections';
import { Delivery } from './delivery';
import { MissedMessages } from './missed-messages';
import { NewsDesk } from './news-desk';

/** How often heads and memberships are compared with Postgres. */
export const CATCH_UP_EVERY_MS = 15_000;

/**
 * Finds what a lost piece of news would have told: messages, conversations that began, conversations that
 * ended. Runs every 15 s and after every reconnect of Redis; one query when nothing was lost.
 */
@Injectable()
export class CatchUp {
  private readonly logger = new Logger(CatchUp.name);
  private running = false;

  constructor(
    private readonly dataSource: DataSource,
    private readonly connections: Connections,
    private readonly missed: MissedMessages,
    private readonly delivery: Delivery,
    private readonly desk: NewsDesk,
    private readonly reader: NewsReader,
  ) {}

  async run(): Promise<void> {
    if (this.running) return;
    this.running = true;
    try {
      await this.compare();
    } catch (err) {
      this.logger.warn({ err }, 'could not compare with the database');
    } finally {
      this.running = false;
    }
  }

  private async compare(): Promise<void> {
    this.delivery.sweep();
    const personIds = [...this.connections.personIds()];
    if (personIds.length === 0) return;
    // Heads first: what is emitted while the query runs is then behind, never ahead of, what it answers.
    const heads = this.delivery.heads();
    const open = await this.missed.openConversationsOf(personIds);
    const behind: string[] = [];
    const unknown: string[] = [];
    for (const conversation of open) {
      const head = heads.get(conversation.id);
      heads.delete(conversation.id);
      if (!this.delivery.isAnnounced(conversation.id)) unknown.push(conversation.id);
      if (head === undefined) {
        this.delivery.track({ ...conversation, lastSeq: 0 });
        if (conversation.lastSeq > 0) behind.push(conversation.id);
      } else if (conversation.lastSeq > head) behind.push(conversation.id);
    }
    await this.began(unknown);
    await this.delivery.repair(behind);
    await this.ended([...heads.keys()]);
  }

  private async began(conversationIds: string[]): Promise<void> {
    if (conversationIds.length === 0) return;
    const requests = await this.dataSource.query<{ request_id: string }[]>(
      `SELECT request_id FROM conversations WHERE id = ANY ($1) AND request_id IS NOT NULL`,
      [conversationIds],
    );
    for (const { request_id } of requests) {
      const news = await this.reader.accepted(request_id);
      if (news) this.desk.handlers['request.accepted.v1'](news);
    }
  }

  /** Tracked conversations that are not open any more: their last messages, then their end. */
  private async ended(conversationIds: string[]): Promise<void> {
    await this.delivery.repair(conversationIds);
    for (const id of conversationIds) {
      const news = await this.reader.ended(id);
      if (news) this.desk.handlers['conversation.ended.v1'](news);
      this.delivery.untrack(id);
    }
  }
}
