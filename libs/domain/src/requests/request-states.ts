import { Injectable } from '@nestjs/common';
import { isUuid, KindlineError } from '@kindline/contracts';
import { DataSource } from 'typeorm';
import type { ProgramName } from '@kindline/contracts';

/** A request and the conversation it became, as one row. Times are null where nothing happened yet. */
export interface RequestState {
  request_id: string;
  program: ProgramName;
  type: string;
  note: string | null;
  request_status: 'pending' | 'accepted' | 'cancelled' | 'expired';
  seeker_id: string;
  seeker_sub: string;
  seeker_email: string | null;
  helper_id: string | null;
  helper_sub: string | null;
  helper_email: string | null;
  created_at: Date;
  accepted_at: Date | null;
  closed_at: Date | null;
  conversation_id: string | null;
  conversation_status: 'active' | 'ended' | null;
  started_at: Date | null;
  ended_at: Date | null;
  ended_by: 'seeker' | 'helper' | 'system' | null;
  last_activity_at: Date | null;
  seeker_opened_at: Date | null;
  helper_opened_at: Date | null;
  tags: string[] | null;
  flag_reason: string | null;
  asked_emails: string[];
  rating: number | null;
  rating_comment: string | null;
}

export interface NewestRequest {
  id: string;
  type: string;
  status: RequestState['request_status'];
  helper_sub: string | null;
  conversation_id: string | null;
  conversation_status: RequestState['conversation_status'];
}

/** Reads requests and conversations by either of their ids, and takes a helper's remarks. */
@Injectable()
export class RequestStates {
  constructor(private readonly dataSource: DataSource) {}

  /** @throws not_found */
  async byEitherId(id: string): Promise<RequestState> {
    const [state] = isUuid(id)
      ? await this.dataSource.query<RequestState[]>(
          `SELECT r.id AS request_id, r.program, r.type, r.note, r.status AS request_status,
            r.seeker_id, seeker.sub AS seeker_sub, seeker.email AS seeker_email,
            r.accepted_by AS helper_id, helper.sub AS helper_sub, helper.email AS helper_email,
            r.created_at, r.accepted_at, r.closed_at,
            c.id AS conversation_id, c.status AS conversation_status, c.started_at, c.ended_at, c.ended_by,
            c.last_activity_at, c.tags, c.flag_reason, f.rating, f.comment AS rating_comment,
            (SELECT m.last_opened_at FROM conversation_members m
              WHERE m.conversation_id = c.id AND m.person_id = r.seeker_id) AS seeker_opened_at,
            (SELECT m.last_opened_at FROM conversation_members m
              WHERE m.conversation_id = c.id AND m.person_id = r.accepted_by) AS helper_opened_at,
            ARRAY(SELECT p.email FROM invitations i JOIN people p ON p.id = i.helper_id
              WHERE i.request_id = r.id AND p.email IS NOT NULL ORDER BY i.round, p.email) AS asked_emails
          FROM help_requests r
          LEFT JOIN conversations c ON c.request_id = r.id
          LEFT JOIN feedback f ON f.conversation_id = c.id
          JOIN people seeker ON seeker.id = r.seeker_id
          LEFT JOIN people helper ON helper.id = r.accepted_by
          WHERE r.id = coalesce((SELECT request_id FROM conversations WHERE id = $1), $1)`,
          [id],
        )
      : [];
    if (!state) throw new KindlineError('not_found', 'There is no such session');
    return state;
  }

  /** Where a seeker's newest request in this program stands. Uses help_requests_seeker. */
  async newestOf(program: ProgramName, seekerId: string): Promise<NewestRequest | undefined> {
    const [newest] = await this.dataSource.query<NewestRequest[]>(
      `SELECT r.id, r.type, r.status, helper.sub AS helper_sub, c.id AS conversation_id,
        c.status AS conversation_status
      FROM help_requests r
      LEFT JOIN conversations c ON c.request_id = r.id
      LEFT JOIN people helper ON helper.id = r.accepted_by
      WHERE r.seeker_id = $1 AND r.program = $2
      ORDER BY r.created_at DESC, r.id DESC LIMIT 1`,
      [seekerId, program],
    );
    return newest;
  }

  /** @throws not_found when the request has no conversation yet */
  async remark(
    conversationId: string,
    { tags, flagReason }: { tags?: string[]; flagReason?: string },
  ): Promise<void> {
    await this.dataSource.query(
      `UPDATE conversations SET tags = coalesce($2, tags), flag_reason = coalesce($3, flag_reason), version = version + 1
      WHERE id = $1`,
      [conversationId, tags ?? null, flagReason ?? null],
    );
  }
}
