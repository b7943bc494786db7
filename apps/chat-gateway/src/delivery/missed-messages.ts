import { Injectable } from '@nestjs/common';
import type { AppendedMessage, ProgramName } from '@kindline/contracts';
import { DataSource } from 'typeorm';

/** Most messages fetched for one conversation at a time. */
export const MOST_MISSED = 500;

export interface OpenConversation {
  id: string;
  program: ProgramName;
  /** Null where it began without one. */
  requestId: string | null;
  memberIds: string[];
  lastSeq: number;
  version: number;
  /** Whether both sides have opened it. */
  started: boolean;
}

/** Asks Postgres what a gateway may have missed. */
@Injectable()
export class MissedMessages {
  constructor(private readonly dataSource: DataSource) {}

  /** The open conversations of these people, with their heads. Uses conversation_members_open. */
  async openConversationsOf(personIds: string[]): Promise<OpenConversation[]> {
    return this.dataSource.query<OpenConversation[]>(
      `SELECT c.id, c.program, c.request_id AS "requestId", c.last_seq AS "lastSeq", c.version, c.started_at IS NOT NULL AS started,
        ARRAY(SELECT o.person_id::text FROM conversation_members o WHERE o.conversation_id = c.id) AS "memberIds"
      FROM conversations c
      WHERE c.status = 'active' AND c.id IN (
        SELECT m.conversation_id FROM conversation_members m WHERE m.person_id = ANY ($1) AND m.open)`,
      [personIds],
    );
  }

  /** Who belongs to these conversations, open or not. */
  async membersOf(
    conversationIds: string[],
  ): Promise<Pick<OpenConversation, 'id' | 'version' | 'memberIds'>[]> {
    return this.dataSource.query(
      `SELECT c.id, c.version,
        ARRAY(SELECT o.person_id::text FROM conversation_members o WHERE o.conversation_id = c.id) AS "memberIds"
      FROM conversations c WHERE c.id = ANY ($1)`,
      [conversationIds],
    );
  }

  /** Conversations that wait for a helper. Uses conversations_waiting_since. */
  async waiting(): Promise<{ id: string; program: ProgramName }[]> {
    return this.dataSource.query(
      `SELECT id, program FROM conversations WHERE waiting_since IS NOT NULL ORDER BY waiting_since, id`,
    );
  }

  /** The messages after `after` of each conversation, ascending; one range of messages_pkey each. */
  async fetch(gaps: { id: string; after: number }[]): Promise<{ id: string; messages: AppendedMessage[] }[]> {
    const rows = await this.dataSource.query<(Omit<AppendedMessage, 'createdAt'> & { createdAt: Date })[]>(
      `SELECT m.id, m.seq, m.conversation_id AS "conversationId", m.sender_id AS "senderId", p.sub AS "senderSub",
        p.email AS "senderEmail", m.content, m.type, m.reply_to AS "replyTo", m.created_at AS "createdAt"
      FROM unnest($1::uuid[], $2::int[]) AS gap (id, after)
      CROSS JOIN LATERAL (
        SELECT * FROM messages t WHERE t.conversation_id = gap.id AND t.seq > gap.after ORDER BY t.seq LIMIT $3
      ) m
      JOIN people p ON p.id = m.sender_id
      ORDER BY m.conversation_id, m.seq`,
      [gaps.map(({ id }) => id), gaps.map(({ after }) => after), MOST_MISSED],
    );
    const byConversation = new Map<string, AppendedMessage[]>();
    for (const row of rows) {
      const message = { ...row, createdAt: row.createdAt.toISOString() };
      const messages = byConversation.get(row.conversationId);
      if (messages) messages.push(message);
      else byConversation.set(row.conversationId, [message]);
    }
    return [...byConversation].map(([id, messages]) => ({ id, messages }));
  }
}
