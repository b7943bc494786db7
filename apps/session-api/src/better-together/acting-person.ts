import { Injectable } from '@nestjs/common';
import { actorOf, type Person, type Principal } from '@kindline/auth';
import { KindlineError, type Role } from '@kindline/contracts';
import { AuditLog, PeopleDirectory } from '@kindline/domain';

/** Finds the person that a body names by e-mail. */
@Injectable()
export class ActingPerson {
  constructor(
    private readonly people: PeopleDirectory,
    private readonly audit: AuditLog,
  ) {}

  /**
   * The person whose request this is. A person may only name themselves; a backend names anybody with one
   * of the roles, and that is audited.
   * @throws forbidden, not_found
   */
  async own(principal: Principal, email: string, roles: readonly Role[], action: string): Promise<Person> {
    if (principal.person) {
      if (principal.person.email !== email)
        throw new KindlineError('forbidden', 'This e-mail is not your own');
      return principal.person;
    }
    const person = await this.other(email);
    if (!person.roles.some((role) => roles.includes(role))) {
      throw new KindlineError('forbidden', `This needs one of the roles ${roles.join(', ')}`);
    }
    await this.audit.record({ actor: actorOf(principal), action, personId: person.id });
    return person;
  }

  /** @throws not_found */
  async other(email: string): Promise<Person> {
    const person = await this.people.findByEmail(email);
    if (!person) throw new KindlineError('not_found', 'There is nobody with this e-mail');
    return person;
  }
}
