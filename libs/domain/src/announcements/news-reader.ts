import { Injectable } from '@nestjs/common';
import type { NewsConversation, NewsMap, NewsMember, ProgramName } from '@kindline/contracts';
import { DataSource } from 'typeorm';
import { Programs } from '../programs/programs';

interface RequestRow {
  id: string;
  program: ProgramName;
  version: number;
  type: string;
  status: string;
  note: string | null;
  seeker: { id: string; sub: string; email: string | null; name: string | null };
  conversation_id: string | null;
}

type ChangedRow = Omit<NewsMap['conversation.changed.v1'], 'lastMessageAt' | 'createdAt' | 'endedAt'> & {
  lastMessageAt: Date | null;
  createdAt: Date;
  endedAt: Date | null;
};

interface ConversationRow {
  id: string;
  requestId: string | null;
  program: ProgramName;
  version: number;
  started_at: Date | null;
  ended_at: Date | null;
  ended_by: 'seeker' | 'helper' | 'system' | null;
  end_reason: string | null;
  members: NewsMember[];
}

/** Reads the present state as news: what the announcer publishes, and what a gateway that missed it catches up with. */
@Injectable()
export class NewsReader {
  constructor(
    private readonly dataSource: DataSource,
    private readonly programs: Programs,
  ) {}

  /**
   * @param asked how many helpers the round asked
   * @returns undefined when the request is not pending any more
   */
  async invited(
    requestId: string,
    round: number,
    asked: number,
  ): Promise<NewsMap['request.invited.v1'] | undefined> {
    const row = await this.request(requestId);
    if (row?.status !== 'pending') return undefined;
    const asksAll = this.asksEveryone(row);
    const invited = asksAll
      ? null
      : await this.helpers(requestId, `status = 'invited' AND round = $2`, [round]);
    const declined = asksAll ? await this.helpers(requestId, `status = 'rejected'`) : [];
    return { request: row, note: row.note, invited, declined, asked, firstRound: round === 1 };
  }

  async accepted(requestId: string): Promise<NewsMap['request.accepted.v1'] | undefined> {
    const row = await this.request(requestId);
    const conversation = row?.conversation_id && (await this.conversation(row.conversation_id));
    if (!row || !conversation) return undefined;
    return { request: row, conversation: news(conversation), withdrawn: await this.withdrawn(row) };
  }

  async closed(requestId: string): Promise<NewsMap['request.closed.v1'] | undefined> {
    const row = await this.request(requestId);
    if (row?.status !== 'cancelled' && row?.status !== 'expired') return undefined;
    return { request: row, status: row.status, withdrawn: await this.withdrawn(row) };
  }

  async started(conversationId: string): Promise<NewsMap['conversation.started.v1'] | undefined> {
    const conversation = await this.conversation(conversationId);
    if (!conversation?.started_at || conversation.ended_at) return undefined;
    return {
      conversation: news(conversation),
      startedAt: conversation.started_at.toISOString(),
      sessionTimerMs: this.programs.get(conversation.program).sessionTimer,
    };
  }

  /** Of a conversation that began without a request. */
  async changed(conversationId: string): Promise<NewsMap['conversation.changed.v1'] | undefined> {
    const [row] = await this.dataSource.query<ChangedRow[]>(
      `SELECT json_build_object('id', c.id, 'requestId', NULL, 'program', c.program, 'version', c.version, 'members', (
          SELECT json_agg(json_build_object('id', p.id, 'sub', p.sub, 'email', p.email, 'name', p.name, 'role', m.role,
            'joinedSeq', m.joined_seq, 'readSeq', m.last_read_seq) ORDER BY m.role DESC, m.joined_at, p.id)
          FROM conversation_members m JOIN people p ON p.id = m.person_id WHERE m.conversation_id = c.id)) AS conversation,
        c.subject, c.status, c.waiting_since IS NOT NULL AS waiting, c.last_seq AS "lastSeq",
        c.last_message_at AS "lastMessageAt", c.created_at AS "createdAt", c.ended_at AS "endedAt"
      FROM conversations c WHERE c.id = $1 AND c.request_id IS NULL`,
      [conversationId],
    );
    if (!row) return undefined;
    const { lastMessageAt, createdAt, endedAt } = row;
    return {
      ...row,
      lastMessageAt: lastMessageAt?.toISOString() ?? null,
      createdAt: createdAt.toISOString(),
      endedAt: endedAt?.toISOString() ?? null,
    };
  }

  async ended(conversationId: string): Promise<NewsMap['conversation.ended.v1'] | undefined> {
    const conversation = await this.conversation(conversationId);
    if (!conversation?.ended_by) return undefined;
    const endedBy = conversation.ended_by;
    return {
      conversation: news(conversation),
      endedBy,
      endedById: conversation.members.find((member) => member.role === endedBy)?.id ?? null,
      reason: conversation.end_reason ?? '',
    };
  }

  private async request(requestId: string): Promise<RequestRow | undefined> {
    const [row] = await this.dataSource.query<RequestRow[]>(
      `SELECT r.id, r.program, r.version, r.type, r.status, r.note, c.id AS conversation_id,
        json_build_object('id', p.id, 'sub', p.sub, 'email', p.email, 'name', p.name) AS seeker
      FROM help_requests r
      JOIN people p ON p.id = r.seeker_id
      LEFT JOIN conversations c ON c.request_id = r.id
      WHERE r.id = $1`,
      [requestId],
    );
    return row;
  }

  private asksEveryone({ program }: RequestRow): boolean {
    return this.programs.get(program).asks === 'everyone_online';
  }

  private async withdrawn(row: RequestRow): Promise<string[] | null> {
    return this.asksEveryone(row) ? null : this.helpers(row.id, `status = 'withdrawn'`);
  }

  private async helpers(requestId: string, where: string, parameters: unknown[] = []): Promise<string[]> {
    const rows = await this.dataSource.query<{ helper_id: string }[]>(
      `SELECT helper_id FROM invitations WHERE request_id = $1 AND ${where}`,
      [requestId, ...parameters],
    );
    return rows.map((row) => row.helper_id);
  }

  private async conversation(conversationId: string): Promise<ConversationRow | undefined> {
    const [row] = await this.dataSource.query<ConversationRow[]>(
      `SELECT c.id, c.request_id AS "requestId", c.program, c.version, c.started_at, c.ended_at, c.ended_by, c.end_reason,
        (SELECT json_agg(json_build_object('id', p.id, 'sub', p.sub, 'email', p.email, 'name', p.name, 'role', m.role))
          FROM conversation_members m JOIN people p ON p.id = m.person_id WHERE m.conversation_id = c.id) AS members
      FROM conversations c WHERE c.id = $1`,
      [conversationId],
    );
    return row;
  }
}

const news = ({ id, requestId, program, version, members }: ConversationRow): NewsConversation => ({
  id,
  requestId,
  program,
  version,
  members,
});
