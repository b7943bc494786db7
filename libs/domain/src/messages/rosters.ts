import { isUuid, type ProgramName } from '@kindline/contracts';
import type { DataSource } from 'typeorm';

export interface RosterMember {
  id: string;
  sub: string;
  email: string | null;
  role: 'seeker' | 'helper';
}

export interface Roster {
  program: ProgramName;
  /** The conversation's, when it was read. */
  version: number;
  members: RosterMember[];
  memberIds: string[];
}

const MOST = 50_000;

/**
 * Who belongs to the conversations that are being written to, remembered where changes are heard of. It only saves
 * look-ups: whether a sender is (still) a member is decided when the message is stored.
 */
export class Rosters {
  private readonly known = new Map<string, Roster>();

  constructor(
    private readonly dataSource: DataSource,
    private readonly options: { remember: boolean } = { remember: true },
  ) {}

  get(conversationId: string): Roster | undefined {
    return this.known.get(conversationId);
  }

  /** Of an active conversation, loaded if it is not known. */
  async of(conversationId: string): Promise<Roster | undefined> {
    return this.get(conversationId) ?? (await this.load([conversationId])).get(conversationId);
  }

  forget(conversationId: string): void {
    this.known.delete(conversationId);
  }

  /** Its members have changed; a look-up that is under way must not bring the old ones back. */
  replace(conversationId: string, roster: Roster): void {
    const known = this.known.get(conversationId);
    if (known && known.version > roster.version) return;
    this.makeRoom(1);
    this.known.set(conversationId, roster);
  }

  /** Loads those that are not known yet, in one query. @returns what was loaded; ended conversations are not */
  async load(conversationIds: Iterable<string>): Promise<Map<string, Roster>> {
    const loaded = new Map<string, Roster>();
    const missing = [...new Set(conversationIds)].filter((id) => !this.known.has(id) && isUuid(id));
    if (missing.length === 0) return loaded;
    const rows = await this.dataSource.query<(Omit<Roster, 'memberIds'> & { id: string })[]>(
      `SELECT c.id, c.program, c.version,
        json_agg(json_build_object('id', p.id, 'sub', p.sub, 'email', p.email, 'role', m.role)) AS members
      FROM conversations c
      JOIN conversation_members m ON m.conversation_id = c.id
      JOIN people p ON p.id = m.person_id
      WHERE c.id = ANY ($1) AND c.status = 'active'
      GROUP BY c.id`,
      [missing],
    );
    if (this.options.remember) this.makeRoom(rows.length);
    for (const { id, ...row } of rows) {
      const roster = { ...row, memberIds: row.members.map((member) => member.id) };
      const known = this.known.get(id);
      const newest = known && known.version > roster.version ? known : roster;
      if (this.options.remember) this.known.set(id, newest);
      loaded.set(id, newest);
    }
    return loaded;
  }

  private makeRoom(count: number): void {
    for (const id of this.known.keys()) {
      if (this.known.size + count <= MOST) break;
      this.known.delete(id);
    }
  }
}
