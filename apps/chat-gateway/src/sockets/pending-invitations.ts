import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { ProgramName } from '@kindline/contracts';

export interface PendingInvitation {
  program: ProgramName;
  requestId: string;
  version: number;
  helperId: string;
  note: string | null;
  seekerEmail: string | null;
}

/** What helpers are asked at this moment. Uses invitations_helper. */
@Injectable()
export class PendingInvitations {
  constructor(private readonly dataSource: DataSource) {}

  async of(helperIds: string[]): Promise<PendingInvitation[]> {
    return this.dataSource.query<PendingInvitation[]>(
      `SELECT r.program, r.id AS "requestId", r.version, i.helper_id AS "helperId", r.note, p.email AS "seekerEmail"
      FROM invitations i
      JOIN help_requests r ON r.id = i.request_id AND r.status = 'pending'
      JOIN people p ON p.id = r.seeker_id
      WHERE i.helper_id = ANY ($1) AND i.status = 'invited'
      ORDER BY i.invited_at`,
      [helperIds],
    );
  }
}
