import { Controller, Get, Header, Inject, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { TokenVerifier } from '@kindline/auth';
import {
  type DemoPeople,
  demoPeople,
  type DemoPerson,
  demoSignedIn,
  demoSignIn,
  KindlineError,
} from '@kindline/contracts';
import { HelperProfiles, PeopleDirectory, Programs } from '@kindline/domain';
import { Endpoint, Input } from '@kindline/platform';
import type { z } from 'zod';
import { CONSOLE_SITE, type ConsoleSite } from './console-site';

/** Signing in as a demo person. Only there when there are some, which production refuses. */
@ApiTags('console')
@Controller('console/demo')
export class DemoController {
  private readonly demoPeople: readonly DemoPerson[];

  constructor(
    @Inject(CONSOLE_SITE) site: ConsoleSite,
    private readonly tokens: TokenVerifier,
    private readonly people: PeopleDirectory,
    private readonly helpers: HelperProfiles,
    private readonly programs: Programs,
  ) {
    this.demoPeople = site.people ?? [];
  }

  @Get('people')
  @Header('Cache-Control', 'no-store')
  @Endpoint({ summary: 'The demo people', access: 'public', response: demoPeople })
  list(): DemoPeople {
    return { people: this.demoPeople.map(({ sub, name, roles, about }) => ({ sub, name, roles, about })) };
  }

  @Post('sign-in')
  @Header('Cache-Control', 'no-store')
  @Endpoint({
    summary: 'Sign in as a demo person',
    access: 'public',
    body: demoSignIn,
    response: demoSignedIn,
    status: 201,
    errors: ['not_found'],
  })
  async signIn(@Input() { sub }: z.output<typeof demoSignIn>): Promise<z.infer<typeof demoSignedIn>> {
    const person = this.demoPeople.find((one) => one.sub === sub);
    if (!person) throw new KindlineError('not_found', 'There is no such demo person');
    const { email, name, roles } = person;
    const { token, expiresAt } = await this.tokens.mint({ sub, email, name, roles, expiresIn: '12h' });
    await this.people.put(sub, { email, name, roles });
    // Somebody plays this volunteer now, and is there.
    if (roles.includes('volunteer')) {
      await this.helpers.change(this.programs.get('better_together'), sub, { available: true });
    }
    return { token, expires_at: expiresAt.toISOString() };
  }
}
