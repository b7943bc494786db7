import { Injectable, Logger } from '@nestjs/common';
import type { Person } from '@kindline/auth';
import type { ProgramName, Role } from '@kindline/contracts';
import { Programs } from '@kindline/domain';
import { DataSource } from 'typeorm';

/**
 * The helpers on this gateway whom programs that ask everyone online ask: those whose token carries the role and
 * who are active. Their sockets are known, so showing a request needs no query; accepting looks again.
 */
@Injectable()
export class HelpersHere {
  private readonly logger = new Logger(HelpersHere.name);
  /** The roles that such programs ask, with the people here who have them. */
  private readonly byRole = new Map<Role, Set<string>>();
  private readonly inactive = new Set<string>();
  private readonly asking: { name: ProgramName; role: Role }[];

  constructor(
    private readonly dataSource: DataSource,
    programs: Programs,
  ) {
    this.asking = programs
      .all()
      .filter(({ asks }) => asks === 'everyone_online')
      .map(({ name, helperRole }) => ({ name, role: helperRole }));
    for (const { role } of this.asking) this.byRole.set(role, new Set());
  }

  /** The programs that ask this person while they are connected. */
  programsOf({ roles }: Person): ProgramName[] {
    return this.asking.filter(({ role }) => roles.includes(role)).map(({ name }) => name);
  }

  /** Whether any program asks them. */
  isAsked(personId: string): boolean {
    return !this.inactive.has(personId) && [...this.byRole.values()].some((helpers) => helpers.has(personId));
  }

  /** The programs that ask everyone online. */
  get programs(): ProgramName[] {
    return this.asking.map(({ name }) => name);
  }

  /** Whom this program asks here. */
  of(program: ProgramName): string[] {
    const role = this.asking.find(({ name }) => name === program)?.role;
    const helpers = role ? (this.byRole.get(role) ?? []) : [];
    return [...helpers].filter((id) => !this.inactive.has(id));
  }

  /** These are connected. Resolves when it is known whether they are active: until then they are not asked. */
  async arrived(people: Iterable<Person>): Promise<void> {
    const helpers = [...people].flatMap(({ id, roles }) =>
      roles.filter((role) => this.byRole.has(role)).map((role) => ({ id, role })),
    );
    await this.look(helpers.map(({ id }) => id));
    for (const { id, role } of helpers) this.byRole.get(role)?.add(id);
  }

  /** Their last socket here is gone. */
  left(personId: string): void {
    for (const helpers of this.byRole.values()) helpers.delete(personId);
    this.inactive.delete(personId);
  }

  /** Something about these helpers has changed. */
  changed(helperIds: string[]): void {
    const here = helperIds.filter((id) => [...this.byRole.values()].some((helpers) => helpers.has(id)));
    // The next comparison with the database tries again.
    this.look(here).catch((err: unknown) => this.logger.warn({ err }, 'helpers could not be looked up'));
  }

  private async look(helperIds: string[]): Promise<void> {
    if (helperIds.length === 0) return;
    const active = await this.dataSource.query<{ person_id: string }[]>(
      `SELECT person_id FROM helper_profiles WHERE person_id = ANY ($1) AND active`,
      [helperIds],
    );
    const known = new Set(active.map(({ person_id }) => person_id));
    for (const id of helperIds) {
      if (known.has(id)) this.inactive.delete(id);
      else this.inactive.add(id);
    }
  }
}
