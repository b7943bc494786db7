import type { Role } from '@kindline/contracts';
import type { Claims } from './tokens';

/** An account as the caller's token shows it: the roles are the token's. */
export interface Person {
  id: string;
  sub: string;
  email: string | null;
  name: string | null;
  roles: Role[];
}

/** Who calls. A backend may act for a person, who is then `person`. */
export type Principal =
  { kind: 'person'; person: Person } | { kind: 'service'; fingerprint: string; person: Person | undefined };

/** A caller as the audit log names them. */
export function actorOf(principal: Principal): string {
  return principal.kind === 'service' ? `service:${principal.fingerprint}` : `person:${principal.person.id}`;
}

/** Where people are found; the domain implements it. */
export interface PeopleDirectory {
  /** @throws email_taken */
  ensure(claims: Claims): Promise<Person>;
  findBySub(sub: string): Promise<Person | undefined>;
  findByEmail(email: string): Promise<Person | undefined>;
}
export const PEOPLE_DIRECTORY = Symbol('PEOPLE_DIRECTORY');

export interface AuditEntry {
  /** `service:<fingerprint>` or `person:<id>`. */
  actor: string;
  action: string;
  /** In whose name. */
  personId?: string | undefined;
  /** Whom or what it was done to. */
  subject?: string | undefined;
}
export interface AuditLog {
  record(entry: AuditEntry): Promise<void>;
}
export const AUDIT_LOG = Symbol('AUDIT_LOG');
