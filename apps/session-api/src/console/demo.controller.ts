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
import { Endpoint, Input } from '@kindline/platform';
import type { z } from 'zod';
import { CONSOLE_SITE, type ConsoleSite } from './console-site';

/** Signing in as a demo person. Only there when there are some, which production refuses. */
@ApiTags('console')
@Controller('console/demo')
export class DemoController {
  private readonly people: readonly DemoPerson[];

  constructor(
    @Inject(CONSOLE_SITE) site: ConsoleSite,
    private readonly tokens: TokenVerifier,
  ) {
    this.people = site.people ?? [];
  }

  @Get('people')
  @Header('Cache-Control', 'no-store')
  @Endpoint({ summary: 'The demo people', access: 'public', response: demoPeople })
  list(): DemoPeople {
    return { people: this.people.map(({ sub, name, roles, about }) => ({ sub, name, roles, about })) };
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
    const person = this.people.find((one) => one.sub === sub);
    if (!person) throw new KindlineError('not_found', 'There is no such demo person');
    const { email, name, roles } = person;
    const { token, expiresAt } = await this.tokens.mint({ sub, email, name, roles, expiresIn: '12h' });
    return { token, expires_at: expiresAt.toISOString() };
  }
}
