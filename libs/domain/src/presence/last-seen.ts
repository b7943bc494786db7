import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Program } from '../programs/program';

export interface Watched {
  personId: string;
  sub: string;
  /** Who shares an open conversation with them. */
  viewerIds: string[];
}

/** Who may know whether somebody is there, and since when they are not. */
@Injectable()
export class LastSeen {
  constructor(private readonly dataSource: DataSource) {}

  /** Those of these people who have an open conversation of this program with others. Uses conversation_members_open. */
  async watched(program: Program, personIds: readonly string[]): Promise<Watched[]> {
    return this.dataSource.query<Watched[]>(
      `SELECT p.id AS "personId", p.sub, array_agg(DISTINCT o.person_id::text) AS "viewerIds"
      FROM conversation_members m
      JOIN conversation_members o ON o.conversation_id = m.conversation_id AND o.open AND o.person_id <> m.person_id
      JOIN people p ON p.id = m.person_id
      WHERE m.person_id = ANY ($1) AND m.open AND m.program = $2
      GROUP BY p.id`,
      [personIds, program.name],
    );
  }

  /** They have left. */
  async write(people: readonly { personId: string; at: Date }[]): Promise<void> {
    await this.dataSource.query(
      `INSERT INTO last_seen AS l (person_id, at) SELECT * FROM unnest($1::uuid[], $2::timestamptz[])
      ON CONFLICT (person_id) DO UPDATE SET at = greatest(l.at, EXCLUDED.at)`,
      [people.map(({ personId }) => personId), people.map(({ at }) => at)],
    );
  }

  /** The members of a conversation, with when they were last seen. */
  async ofMembers(
    conversationId: string,
  ): Promise<{ personId: string; sub: string; lastSeen: Date | null }[]> {
    return this.dataSource.query(
      `SELECT p.id AS "personId", p.sub, l.at AS "lastSeen"
      FROM conversation_members m
      JOIN people p ON p.id = m.person_id
      LEFT JOIN last_seen l ON l.person_id = p.id
      WHERE m.conversation_id = $1 ORDER BY m.role DESC, m.joined_at, p.id`,
      [conversationId],
    );
  }
}
