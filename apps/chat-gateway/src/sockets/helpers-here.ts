import { Injectable, Logger } from '@nestjs/common';
import type { Person } from '@kindline/auth';
import type { ProgramName, Role } from '@kindline/contracts';
import { Programs } from '@kindline/domain';
import { DataSource } from 'typeorm';
import { Connections } from './connections';

/**
 * The helpers on this gateway whom programs that ask everyone online ask, or show what waits: those with a socket
 * here whose token carries the role, and who are active. So showing a request needs no query; accepting looks again.
 */
@Injectable()
export class HelpersHere {
  private readonly logger = new Logger(HelpersHere.name);
  /** Of those here, who is known to be active. */
  private readonly active = new Set<string>();
  private readonly asking: { name: ProgramName; role: Role }[];

  constructor(
    private readonly dataSource: DataSource,
    private readonly connections: Connections,
    programs: Programs,
  ) {
    this.asking = programs
      .all()
      .filter(({ asks, anonymous }) => asks === 'everyone_online' || (asks === 'least_loaded' && !anonymous))
      .map(({ name, helperRole }) => ({ name, role: helperRole }));
  }

  /** The programs that ask them, or show them what waits. */
  get programs(): ProgramName[] {
    return this.asking.map(({ name }) => name);
  }

  /** Those of them that do so with whoever has these roles and is active. */
  programsOf({ id, roles }: Person): ProgramName[] {
    if (!this.active.has(id)) return [];
    return this.asking.filter(({ role }) => roles.includes(role)).map(({ name }) => name);
  }

  /** Whom this program asks here, or shows what waits. */
  of(program: ProgramName): string[] {
    const role = this.asking.find(({ name }) => name === program)?.role;
    const helpers = role ? (this.connections.helpers.get(role) ?? []) : [];
    return [...helpers].filter((id) => this.active.has(id));
  }

  /** These are connected. Resolves when it is known whether they are active: until then they are not asked. */
  async arrived(people: Iterable<Person>): Promise<void> {
    await this.look([...people].filter(({ roles }) => this.asking.some(({ role }) => roles.includes(role))));
  }

  /** Their last socket here is gone. */
  left(personId: string): void {
    this.active.delete(personId);
  }

  /** Something about these helpers has changed. */
  changed(helperIds: string[]): void {
    const here = helperIds.filter((id) =>
      this.asking.some(({ role }) => this.connections.helpers.get(role)?.has(id)),
    );
    // The next comparison with the database tries again.
    this.look(here.map((id) => ({ id }))).catch((err: unknown) =>
      this.logger.warn({ err }, 'helpers could not be looked up'),
    );
  }

  private async look(helpers: { id: string }[]): Promise<void> {
    if (helpers.length === 0) return;
    const rows = await this.dataSource.query<{ person_id: string }[]>(
      `SELECT person_id FROM helper_profiles WHERE person_id = ANY ($1) AND active`,
      [helpers.map(({ id }) => id)],
    );
    const active = new Set(rows.map(({ person_id }) => person_id));
    for (const { id } of helpers) {
      if (active.has(id) && this.connections.has(id)) this.active.add(id);
      else this.active.delete(id);
    }
  }
}
