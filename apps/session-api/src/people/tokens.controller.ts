import { Controller, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { actorOf, CurrentPrincipal, type Principal, TokenVerifier } from '@kindline/auth';
import { KindlineError, mintedToken, mintToken } from '@kindline/contracts';
import { AuditLog, PeopleDirectory } from '@kindline/domain';
import { Endpoint, Input } from '@kindline/platform';
import type { z } from 'zod';

@ApiTags('tokens')
@Controller('auth/tokens')
export class TokensController {
  constructor(
    private readonly tokens: TokenVerifier,
    private readonly people: PeopleDirectory,
    private readonly audit: AuditLog,
  ) {}

  @Post()
  @Endpoint({
    summary: 'Make a token for a person',
    access: { serviceOnly: true },
    body: mintToken,
    response: mintedToken,
    status: 201,
  })
  async mint(
    @Input() input: z.output<typeof mintToken>,
    @CurrentPrincipal() principal: Principal,
  ): Promise<z.infer<typeof mintedToken>> {
    const { token, expiresAt } = await this.tokens.mint(input);
    await this.register(input);
    await this.audit.record({ actor: actorOf(principal), action: 'mint token', subject: input.sub });
    return { token, expires_at: expiresAt.toISOString() };
  }

  /** People exist from their first token on; with a taken e-mail it is refused where it is used. */
  private async register({ sub, email, name, roles }: z.output<typeof mintToken>): Promise<void> {
    try {
      await this.people.put(sub, { ...(email && { email }), ...(name && { name }), roles });
    } catch (error) {
      if (!(error instanceof KindlineError && error.code === 'email_taken')) throw error;
    }
  }
}
