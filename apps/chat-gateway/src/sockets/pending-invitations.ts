import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { ProgramName } from '@kindline/contracts';

/** A pending request as it is shown to somebody it asks. */
export interface PendingRequest {
  program: ProgramName;
  requestId: string;
  version: number;
  type: string;
  note: string | null;
  seekerId: string;
  seekerSub: string;
  seekerEmail: string | null;
}

export interface PendingInvitation extends PendingRequest {
  helperId: string;
}

/** A pending request that asks everyone online but its seeker and those who declined. */
export interface OpenRequest extends PendingRequest {
  declined: string[];
}

/** Whether an open request asks this helper. */
export function asks({ seekerId, declined }: OpenRequest, helperId: string): boolean {
  return seekerId !== helperId && !declined.includes(helperId);
}

const REQUEST = `r.program, r.id AS "requestId", r.version, r.type, r.note, p.id AS "seekerId",
  p.sub AS "seekerSub", p.email AS "seekerEmail"`;

/** What helpers are asked at this moment. */
@Injectable()
export class PendingInvitations {
  constructor(private readonly dataSource: DataSource) {}

  /** Invitations of these helpers. Uses invitations_helper. */
  async of(helperIds: string[]): Promise<PendingInvitation[]> {
    return this.dataSource.query<PendingInvitation[]>(
      `SELECT ${REQUEST}, i.helper_id AS "helperId"
      FROM invitations i
      JOIN help_requests r ON r.id = i.request_id AND r.status = 'pending'
      JOIN people p ON p.id = r.seeker_id
      WHERE i.helper_id = ANY ($1) AND i.status = 'invited'
      ORDER BY i.invited_at`,
      [helperIds],
    );
  }

  /** Requests of these programs that ask everyone online, oldest first. Uses help_requests_pending. */
  async open(programs: ProgramName[]): Promise<OpenRequest[]> {
    if (programs.length === 0) return [];
    return this.dataSource.query<OpenRequest[]>(
      `SELECT ${REQUEST}, ARRAY(SELECT i.helper_id::text FROM invitations i
          WHERE i.request_id = r.id AND i.status = 'rejected') AS declined
      FROM help_requests r
      JOIN people p ON p.id = r.seeker_id
      WHERE r.program = ANY ($1) AND r.status = 'pending'
      ORDER BY r.created_at`,
      [programs],
    );
  }
}
