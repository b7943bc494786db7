import { Injectable } from '@nestjs/common';
import type { MessageView, ReplyTo } from '@kindline/contracts';
import { DataSource } from 'typeorm';

interface Row {
  id: string;
  seq: number;
  sender: string | null;
  content: string;
  type: MessageView['type'];
  reply_to: ReplyTo;
  created_at: Date;
  read_at: Date | null;
}

export interface Page {
  messages: MessageView[];
  has_more: boolean;
}

/** Reads messages by keyset on messages_pkey, never by OFFSET. Who may read is the caller's to check. */
@Injectable()
export class History {
  constructor(private readonly dataSource: DataSource) {}

  /** The `limit` messages before `before` (default: the newest), ascending. */
  async before(conversationId: string, before: number | undefined, limit: number): Promise<Page> {
    const rows = await this.read(
      conversationId,
      `m.seq < $2 ORDER BY m.seq DESC`,
      before ?? 2_147_483_647,
      limit + 1,
    );
    const page = rows.slice(0, limit).reverse();
    return { messages: page.map((row) => view(conversationId, row)), has_more: rows.length > limit };
  }

  /** The `limit` messages after `after`, ascending. */
  async after(conversationId: string, after: number, limit: number): Promise<Page> {
    const rows = await this.read(conversationId, `m.seq > $2 ORDER BY m.seq`, after, limit + 1);
    return {
      messages: rows.slice(0, limit).map((row) => view(conversationId, row)),
      has_more: rows.length > limit,
    };
  }

  /**
   * `read_at` is of the first mark at or above a message that somebody else set. A reader's marks only move forward,
   * so it is their lowest one there: one probe of message_reads_pkey per reader and message. Their minimum over all
   * marks would read all of them, for each message: seconds at the old end of a long history.
   */
  private async read(conversationId: string, range: string, seq: number, limit: number): Promise<Row[]> {
    return this.dataSource.query<Row[]>(
      `WITH RECURSIVE readers AS (
        SELECT ${nextReader('true')} AS id
        UNION ALL
        SELECT ${nextReader('r.person_id > readers.id')} FROM readers WHERE readers.id IS NOT NULL
      )
      SELECT m.id, m.seq, p.sub AS sender, m.content, m.type, m.reply_to, m.created_at,
        (SELECT min(mark.read_at) FROM readers CROSS JOIN LATERAL (
            SELECT r.read_at FROM message_reads r
            WHERE r.conversation_id = $1 AND r.person_id = readers.id AND r.up_to_seq >= m.seq
            ORDER BY r.up_to_seq LIMIT 1) mark
          WHERE readers.id IS DISTINCT FROM m.sender_id) AS read_at
      FROM messages m
      LEFT JOIN people p ON p.id = m.sender_id
      WHERE m.conversation_id = $1 AND ${range} LIMIT $3`,
      [conversationId, seq, limit],
    );
  }
}

/** Of everybody with marks here, also who is no member any more, the first by id. */
const nextReader = (after: string): string =>
  `(SELECT r.person_id FROM message_reads r WHERE r.conversation_id = $1 AND ${after} ORDER BY r.person_id LIMIT 1)`;

function view(conversationId: string, row: Row): MessageView {
  return {
    id: row.id,
    seq: row.seq,
    conversation_id: conversationId,
    sender_id: row.sender,
    content: row.content,
    type: row.type,
    reply_to: row.reply_to,
    created_at: row.created_at.toISOString(),
    read_at: row.read_at?.toISOString() ?? null,
  };
}
