import { Injectable } from '@nestjs/common';
import { KindlineError, type ProgramName } from '@kindline/contracts';
import { DataSource } from 'typeorm';
import { decodeCursor, encodeCursor } from '../cursor';
import type { MemberRole } from './conversations';
import { UNREAD } from './unread';

export interface ConversationSummary {
  id: string;
  program: ProgramName;
  status: 'active' | 'ended';
  members: { sub: string; name: string | null; role: MemberRole }[];
  /** At most 1,000: that many, or more. */
  unread: number;
  last_message_at: string | null;
  created_at: string;
  ended_at: string | null;
}

interface Row extends Omit<ConversationSummary, 'last_message_at' | 'created_at' | 'ended_at'> {
  last_message_at: Date | null;
  created_at: Date;
  ended_at: Date | null;
  position: string;
}

/** A person's conversations, newest activity first. */
@Injectable()
export class ConversationList {
  constructor(private readonly dataSource: DataSource) {}

  async page(
    personId: string,
    filter: {
      status?: string | undefined;
      program?: string | undefined;
      limit: number;
      cursor?: string | undefined;
    },
  ): Promise<{ conversations: ConversationSummary[]; cursor: string | null }> {
    const [position, id] = filter.cursor ? decodeCursor(filter.cursor, 'time', 'id') : [];
    const rows = await this.read(
      `($2::text IS NULL OR c.status = $2) AND ($3::text IS NULL OR c.program = $3)
        AND ($4::text IS NULL OR (c.last_activity_at, c.id) < ($4::timestamptz, $5::uuid))
      ORDER BY c.last_activity_at DESC, c.id DESC LIMIT $6`,
      [
        personId,
        filter.status ?? null,
        filter.program ?? null,
        position ?? null,
        id ?? null,
        filter.limit + 1,
      ],
    );
    const page = rows.slice(0, filter.limit);
    const last = page.at(-1);
    const more = rows.length > filter.limit && last;
    return { conversations: page.map(summary), cursor: more ? encodeCursor(last.position, last.id) : null };
  }

  /** One conversation as its member sees it. */
  async one(personId: string, conversationId: string): Promise<ConversationSummary> {
    const [row] = await this.read('c.id = $2', [personId, conversationId]);
    if (!row) throw new KindlineError('not_found', 'There is no such conversation');
    return summary(row);
  }

  /**
   * Starts from conversation_members_person; a person has hundreds of conversations at most, so the sort is small.
   */
  private async read(where: string, parameters: unknown[]): Promise<Row[]> {
    return this.dataSource.query<Row[]>(
      `SELECT c.id, c.program, c.status, c.last_message_at, c.created_at, c.ended_at,
        c.last_activity_at::text AS position,
        (SELECT json_agg(json_build_object('sub', p.sub, 'name', p.name, 'role', o.role) ORDER BY o.role DESC)
          FROM conversation_members o JOIN people p ON p.id = o.person_id WHERE o.conversation_id = c.id) AS members,
        ${UNREAD} AS unread
      FROM conversation_members m
      JOIN conversations c ON c.id = m.conversation_id
      WHERE m.person_id = $1 AND ${where}`,
      parameters,
    );
  }
}

function summary({ position: _position, ...row }: Row): ConversationSummary {
  return {
    ...row,
    last_message_at: row.last_message_at?.toISOString() ?? null,
    created_at: row.created_at.toISOString(),
    ended_at: row.ended_at?.toISOString() ?? null,
  };
}
