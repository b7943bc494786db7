import { Injectable } from '@nestjs/common';
import { isUuid, type ProgramName } from '@kindline/contracts';
import { DataSource } from 'typeorm';

export interface RosterMember {
  id: string;
  sub: string;
  email: string | null;
  role: 'seeker' | 'helper';
}

export interface Roster {
  program: ProgramName;
  members: RosterMember[];
  memberIds: string[];
}

const MOST = 50_000;

/**
 * Who belongs to the conversations that are being written to, remembered. It only saves look-ups: whether a
 * sender is (still) a member is decided when the message is stored.
 */
@Injectable()
export class Rosters {
  private readonly known = new Map<string, Roster>();

  constructor(private readonly dataSource: DataSource) {}

  get(conversationId: string): Roster | undefined {
    return this.known.get(conversationId);
  }

  forget(conversationId: string): void {
    this.known.delete(conversationId);
  }

  /** Loads those that are not known yet, in one query. @returns what was loaded; ended conversations are not */
  async load(conversationIds: Iterable<string>): Promise<Map<string, Roster>> {
    const loaded = new Map<string, Roster>();
    const missing = [...new Set(conversationIds)].filter((id) => !this.known.has(id) && isUuid(id));
    if (missing.length === 0) return loaded;
    const rows = await this.dataSource.query<{ id: string; program: ProgramName; members: RosterMember[] }[]>(
      `SELECT c.id, c.program,
        json_agg(json_build_object('id', p.id, 'sub', p.sub, 'email', p.email, 'role', m.role)) AS members
      FROM conversations c
      JOIN conversation_members m ON m.conversation_id = c.id
      JOIN people p ON p.id = m.person_id
      WHERE c.id = ANY ($1) AND c.status = 'active'
      GROUP BY c.id`,
      [missing],
    );
    for (const id of this.known.keys()) {
      if (this.known.size + rows.length <= MOST) break;
      this.known.delete(id);
    }
    for (const { id, program, members } of rows) {
      const roster = { program, members, memberIds: members.map((member) => member.id) };
      this.known.set(id, roster);
      loaded.set(id, roster);
    }
    return loaded;
  }
}
