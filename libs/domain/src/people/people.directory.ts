import { Inject, Injectable } from '@nestjs/common';
import type { Claims, PeopleDirectory as Directory, Person } from '@kindline/auth';
import { HELPER_ROLES, KindlineError, ROLES, type Role } from '@kindline/contracts';
import { inTransaction, uuidV7, violatedConstraint } from '@kindline/database';
import { CLOCK, type Clock } from '@kindline/platform';
import { DataSource, type EntityManager } from 'typeorm';
import { AuditLog } from './audit-log';

/** How long a known person's token is trusted not to have changed anything worth writing. */
const REMEMBER_MS = 60_000;
const REMEMBER_MOST = 100_000;

interface PersonRecord {
  id: string;
  sub: string;
  email: string | null;
  name: string | null;
  registered_at: Date;
  roles: Role[] | null;
}

export interface PersonDetails extends Person {
  registeredAt: Date;
}

export interface PersonChange {
  email?: string | null;
  name?: string | null;
  registeredAt?: Date;
  roles?: Role[];
  /** Whether `roles` replace the ones on record, as when a backend says them; a token's are added. */
  replaceRoles?: boolean;
}

/** People by token, `sub` and e-mail; a person exists from the first valid token on. */
@Injectable()
export class PeopleDirectory implements Directory {
  private readonly remembered = new Map<string, { person: Person; until: number }>();

  constructor(
    private readonly dataSource: DataSource,
    private readonly audit: AuditLog,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * The person of a valid token, created or brought up to date by it.
   * @throws email_taken when the e-mail belongs to another `sub`.
   */
  async ensure(claims: Claims): Promise<Person> {
    const now = this.clock.now();
    const roles = [...claims.roles].sort();
    const key = JSON.stringify([claims.sub, claims.email, claims.name, roles]);
    const known = this.remembered.get(key);
    if (known && known.until > now.getTime()) {
      if (claims.email !== undefined) return known.person;
      // A backend may have given them one meanwhile, through another replica.
      const current = await this.findBySub(claims.sub);
      if (current) return { ...known.person, email: current.email };
    }

    const { sub, email, name, registeredAt } = claims;
    const details = await this.put(sub, {
      ...(email === undefined ? {} : { email }),
      ...(name === undefined ? {} : { name }),
      ...(registeredAt === undefined ? {} : { registeredAt }),
      roles,
    });
    // The token decides what its bearer may do, not what earlier tokens carried.
    const person: Person = { id: details.id, sub, email: details.email, name: details.name, roles };
    if (this.remembered.size >= REMEMBER_MOST) this.remembered.clear();
    this.remembered.set(key, { person, until: now.getTime() + REMEMBER_MS });
    return person;
  }

  async findBySub(sub: string): Promise<PersonDetails | undefined> {
    return this.findWhere('p.sub = $1', sub);
  }

  async findByEmail(email: string): Promise<PersonDetails | undefined> {
    return this.findWhere('p.email = $1', email.toLowerCase());
  }

  /**
   * Creates or changes a person; only the given fields change.
   * @param actor who does it in the person's place, for the audit log
   * @throws email_taken
   */
  async put(sub: string, change: PersonChange, actor?: string): Promise<PersonDetails> {
    try {
      return await this.write(sub, change, actor);
    } catch (error) {
      if (violatedConstraint(error) !== 'people_email_key') throw error;
    }
    // Two first tokens of one person at the same moment can meet at the e-mail before they meet at the sub,
    // which is all that ON CONFLICT looks after. By now the other one's row is there.
    try {
      return await this.write(sub, change, actor);
    } catch (error) {
      if (violatedConstraint(error) === 'people_email_key') throw new KindlineError('email_taken');
      throw error;
    }
  }

  private async write(sub: string, change: PersonChange, actor?: string): Promise<PersonDetails> {
    if (actor === undefined) await this.upsert(this.dataSource.manager, sub, change);
    else {
      await inTransaction(this.dataSource, async (manager) => {
        await this.upsert(manager, sub, change);
        await this.audit.record({ actor, action: 'put person', subject: sub }, manager);
      });
    }
    const person = await this.findBySub(sub);
    if (!person) throw new KindlineError('conflict', 'The person was removed meanwhile');
    return person;
  }

  private async upsert(manager: EntityManager, sub: string, change: PersonChange): Promise<void> {
    const now = this.clock.now();
    await manager.query(
      `WITH person AS (
          INSERT INTO people AS p (id, sub, email, name, registered_at, created_at)
          VALUES ($1, $2, $3, $4, coalesce($5::timestamptz, $6), $6)
          ON CONFLICT (sub) DO UPDATE SET
            email = CASE WHEN $7 THEN $3 ELSE p.email END,
            name = CASE WHEN $8 THEN $4 ELSE p.name END,
            registered_at = coalesce($5::timestamptz, p.registered_at)
          RETURNING p.id
        ), dropped AS (
          DELETE FROM person_roles r USING person
          WHERE r.person_id = person.id AND $11 AND r.role <> ALL ($9::text[])
        ), roles AS (
          INSERT INTO person_roles AS r (person_id, role, seen_at)
          SELECT person.id, role, $6 FROM person, unnest($9::text[]) AS role
          ON CONFLICT (person_id, role) DO UPDATE SET seen_at = greatest(r.seen_at, $6)
          RETURNING person_id, role
        )
        INSERT INTO helper_profiles (person_id, updated_at)
        SELECT DISTINCT person_id, $6::timestamptz FROM roles
        WHERE role = ANY ($10)
        ON CONFLICT DO NOTHING`,
      [
        uuidV7(),
        sub,
        change.email?.toLowerCase() ?? null,
        change.name ?? null,
        change.registeredAt ?? null,
        now,
        change.email !== undefined,
        change.name !== undefined,
        change.roles ?? [],
        HELPER_ROLES,
        change.replaceRoles ?? false,
      ],
    );
  }

  private async findWhere(condition: string, value: string): Promise<PersonDetails | undefined> {
    const [row] = await this.dataSource.query<PersonRecord[]>(
      `SELECT p.id, p.sub, p.email, p.name, p.registered_at,
        (SELECT array_agg(role ORDER BY role) FROM person_roles r WHERE r.person_id = p.id) AS roles
      FROM people p WHERE ${condition}`,
      [value],
    );
    if (!row) return undefined;
    const roles = (row.roles ?? []).filter((role) => (ROLES as readonly string[]).includes(role));
    return {
      id: row.id,
      sub: row.sub,
      email: row.email,
      name: row.name,
      registeredAt: row.registered_at,
      roles,
    };
  }
}
