import { Controller, Put } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { actorOf, CurrentPrincipal, type Principal } from '@kindline/auth';
import { personView, putPerson, sub } from '@kindline/contracts';
import { PeopleDirectory } from '@kindline/domain';
import { Endpoint, Input, PathInput } from '@kindline/platform';
import { z } from 'zod';

const params = z.strictObject({ sub });

@ApiTags('people')
@Controller('api/people')
export class PeopleController {
  constructor(private readonly people: PeopleDirectory) {}

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
    const fields = {
      ...(change.email === undefined ? {} : { email: change.email }),
      ...(change.name === undefined ? {} : { name: change.name }),
      ...(change.roles === undefined ? {} : { roles: change.roles, replaceRoles: true }),
      ...(registered_at === undefined ? {} : { registeredAt: new Date(registered_at) }),
    };
    const { email, name, roles, registeredAt } = await this.people.put(who, fields, actorOf(principal));
    return { sub: who, email, name, roles, registered_at: registeredAt.toISOString() };
  }
}
