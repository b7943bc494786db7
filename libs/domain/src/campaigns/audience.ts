import { Injectable } from '@nestjs/common';
import type { AudienceTarget, Category } from '@kindline/contracts';
import { DataSource } from 'typeorm';
import { Programs } from '../programs/programs';

/** A condition on `people p`, with its parameters. */
export interface Condition {
  sql: string;
  parameters: unknown[];
}

/** Whom an announcement is for, as SQL: nobody's audience is ever held in memory. */
@Injectable()
export class Audience {
  constructor(
    private readonly dataSource: DataSource,
    private readonly programs: Programs,
  ) {}

  /** How many people match now. */
  async size(target: AudienceTarget): Promise<number> {
    const { sql, parameters } = this.condition(target, 1, target.subs ? 'some' : 'everybody');
    const [row] = await this.dataSource.query<{ size: number }[]>(
      `SELECT count(*)::int AS size FROM people p WHERE ${sql}`,
      parameters,
    );
    return row?.size ?? 0;
  }

  /** How many people match now, and how many of them have switched a category off. */
  async sizes(target: AudienceTarget, category: Category): Promise<{ audience: number; optedOut: number }> {
    const { sql, parameters } = this.condition(target, 2, target.subs ? 'some' : 'everybody');
    const [row] = await this.dataSource.query<[{ audience: number; optedOut: number }]>(
      `SELECT count(*)::int AS audience, count(o.person_id)::int AS "optedOut" FROM people p
      LEFT JOIN notification_preferences o ON o.person_id = p.id AND $1 = ANY (o.opted_out) WHERE ${sql}`,
      [category, ...parameters],
    );
    return row;
  }

  async includes(target: AudienceTarget, personId: string): Promise<boolean> {
    const { sql, parameters } = this.condition(target, 2);
    const rows = await this.dataSource.query<unknown[]>(`SELECT FROM people p WHERE p.id = $1 AND ${sql}`, [
      personId,
      ...parameters,
    ]);
    return rows.length > 0;
  }

  /**
   * Of some people it uses person_roles_pkey, conversation_members_person and help_requests_seeker, one probe each a
   * person; of everybody it reads those tables once.
   * @param first the number of its first parameter
   * @param of how many people it is asked: for a million the probes take four times as long
   */
  condition(target: AudienceTarget, first: number, of: 'some' | 'everybody' = 'some'): Condition {
    const parameters: unknown[] = [];
    const parameter = (value: unknown): string => `$${first - 1 + parameters.push(value)}`;
    const parts: string[] = [];
    const { registeredAfter, registeredBefore, roles, programs, subs } = target;
    if (registeredAfter !== undefined)
      parts.push(`p.registered_at >= ${parameter(registeredAfter)}::timestamptz`);
    if (registeredBefore !== undefined)
      parts.push(`p.registered_at < ${parameter(registeredBefore)}::timestamptz`);
    if (subs) parts.push(`p.sub = ANY (${parameter(subs)}::text[])`);
    if (roles) parts.push(hasRole(parameter(roles)));
    if (programs) {
      const names = parameter(programs);
      // Who answers in it belongs to it before their first conversation. Of anonymous sessions nothing is asked.
      const helperRoles = parameter(programs.map((name) => this.programs.get(name).helperRole));
      parts.push(belongs(names, helperRoles, of));
    }
    return { sql: parts.length === 0 ? 'true' : parts.join(' AND '), parameters };
  }
}

const hasRole = (roles: string): string =>
  `EXISTS (SELECT FROM person_roles r WHERE r.person_id = p.id AND r.role = ANY (${roles}::text[]))`;

/** A UNION, which the planner leaves as it is: of an OR it hashes whole tables for every window. */
function belongs(programs: string, helperRoles: string, of: 'some' | 'everybody'): string {
  const sources = [
    ['person_roles', 'person_id', `role = ANY (${helperRoles}::text[])`],
    ['conversation_members', 'person_id', `program = ANY (${programs}::text[])`],
    ['help_requests', 'seeker_id', `program = ANY (${programs}::text[])`],
  ] as const;
  const select = sources.map(([table, person, condition]) =>
    of === 'everybody'
      ? `SELECT ${person} FROM ${table} WHERE ${condition}`
      : `SELECT FROM ${table} s WHERE s.${person} = p.id AND s.${condition}`,
  );
  return `${of === 'everybody' ? 'p.id IN' : 'EXISTS'} (${select.join(' UNION ALL ')})`;
}
