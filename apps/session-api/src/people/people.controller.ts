import { Controller, Put } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal, type Principal } from '@kindline/auth';
import { personView, putPerson, sub } from '@kindline/contracts';
import { AuditLog, PeopleDirectory } from '@kindline/domain';
import { Endpoint, Input, PathInput } from '@kindline/platform';
import { z } from 'zod';
import { actorOf } from '../actor';

const params = z.strictObject({ sub });

@ApiTags('people')
@Controller('api/people')
export class PeopleController {
  constructor(
    private readonly people: PeopleDirectory,
    private readonly audit: AuditLog,
  ) {}

  @Put(':sub')
  @Endpoint({
    summary: 'Create a person, or change the given fields of one',
    access: { serviceOnly: true },
    params,
    body: putPerson,
    response: personView,
    errors: ['email_taken'],
  })
  async put(
    @PathInput() { sub: who }: z.output<typeof params>,
    @Input() { registered_at, ...change }: z.output<typeof putPerson>,
    @CurrentPrincipal() principal: Principal,
  ): Promise<z.infer<typeof personView>> {
    const person = await this.people.put(who, {
      ...(change.email === undefined ? {} : { email: change.email }),
      ...(change.name === undefined ? {} : { name: change.name }),
      ...(change.roles === undefined ? {} : { roles: change.roles, replaceRoles: true }),
      ...(registered_at === undefined ? {} : { registeredAt: new Date(registered_at) }),
    });
    await this.audit.record({ actor: actorOf(principal), action: 'put person', subject: who });
    const { email, name, roles, registeredAt } = person;
    return { sub: who, email, name, roles, registered_at: registeredAt.toISOString() };
  }
}
