import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { actorOf, CurrentPrincipal, type Principal } from '@kindline/auth';
import {
  KindlineError,
  peoplePage,
  peopleQuery,
  preferencesView,
  type PreferencesView,
  sub,
} from '@kindline/contracts';
import { AuditLog, NotificationPreferences, PeopleDirectory, PeopleSearch } from '@kindline/domain';
import { Endpoint, PathInput, QueryInput } from '@kindline/platform';
import { z } from 'zod';

const params = z.strictObject({ sub });
const access = { roles: ['admin'] } as const;

/** What administrators see of people; that they looked stands in the audit log. */
@ApiTags('people')
@Controller('api/people')
export class PeopleLookupController {
  constructor(
    private readonly search: PeopleSearch,
    private readonly people: PeopleDirectory,
    private readonly preferences: NotificationPreferences,
    private readonly audit: AuditLog,
  ) {}

  @Get()
  @Endpoint({
    summary: 'People by how their name, e-mail address or sub begins, newest first',
    access,
    query: peopleQuery,
    response: peoplePage,
  })
  async page(
    @QueryInput() query: z.output<typeof peopleQuery>,
    @CurrentPrincipal() principal: Principal,
  ): Promise<z.infer<typeof peoplePage>> {
    const page = await this.search.page(query);
    // What was searched for may be somebody's name: it is not kept for ever.
    await this.audit.record({ actor: actorOf(principal), action: 'list people' });
    return page;
  }

  @Get(':sub/notification-preferences')
  @Endpoint({
    summary: 'What somebody is told of, and when not, as they see it',
    access,
    params,
    response: preferencesView,
    errors: ['not_found'],
  })
  async preferencesOf(
    @PathInput() { sub: who }: z.output<typeof params>,
    @CurrentPrincipal() principal: Principal,
  ): Promise<PreferencesView> {
    const person = await this.people.findBySub(who);
    if (!person) throw new KindlineError('not_found', 'There is no such person');
    await this.audit.record({ actor: actorOf(principal), action: 'view preferences', subject: who });
    return this.preferences.get(person.id);
  }
}
