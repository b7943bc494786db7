import { Controller, Get, Patch } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { actorOf, CurrentPerson, CurrentPrincipal, type Person, type Principal } from '@kindline/auth';
import {
  patchOwnVolunteer,
  patchVolunteer,
  sub,
  SUPERVISING_ROLES,
  volunteerPage,
  volunteersQuery,
  volunteerView,
  type VolunteerView,
} from '@kindline/contracts';
import { HelperProfiles, Programs } from '@kindline/domain';
import { Endpoint, Input, PathInput, QueryInput } from '@kindline/platform';
import { z } from 'zod';

const params = z.strictObject({ sub });

/** Volunteers, as better_together sees them. */
@ApiTags('volunteers')
@Controller('api/volunteers')
export class VolunteersController {
  private readonly program;

  constructor(
    private readonly helpers: HelperProfiles,
    programs: Programs,
  ) {
    this.program = programs.get('better_together');
  }

  @Get('me')
  @Endpoint({
    summary: 'My profile as a volunteer',
    access: { roles: ['volunteer'], service: true },
    response: volunteerView,
  })
  async me(@CurrentPerson() person: Person): Promise<VolunteerView> {
    return this.helpers.bySub(this.program, person.sub);
  }

  @Patch('me')
  @Endpoint({
    summary: 'Switch my availability',
    access: { roles: ['volunteer'], service: true },
    body: patchOwnVolunteer,
    response: volunteerView,
  })
  async patchMe(
    @CurrentPerson() person: Person,
    @Input() change: z.output<typeof patchOwnVolunteer>,
  ): Promise<VolunteerView> {
    return this.helpers.change(this.program, person.sub, change);
  }

  @Get()
  @Endpoint({
    summary: 'All volunteers',
    access: { roles: SUPERVISING_ROLES },
    query: volunteersQuery,
    response: volunteerPage,
  })
  async page(@QueryInput() query: z.output<typeof volunteersQuery>): Promise<z.infer<typeof volunteerPage>> {
    return this.helpers.page(this.program, query);
  }

  @Patch(':sub')
  @Endpoint({
    summary: "Change a volunteer's profile",
    access: { roles: SUPERVISING_ROLES },
    params,
    body: patchVolunteer,
    response: volunteerView,
    errors: ['not_found'],
  })
  async patch(
    @PathInput() { sub: who }: z.output<typeof params>,
    @Input() change: z.output<typeof patchVolunteer>,
    @CurrentPrincipal() principal: Principal,
  ): Promise<VolunteerView> {
    return this.helpers.change(this.program, who, change, actorOf(principal));
  }
}
