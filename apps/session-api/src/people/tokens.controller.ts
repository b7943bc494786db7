import { Controller, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { actorOf, CurrentPrincipal, type Principal, TokenVerifier } from '@kindline/auth';
import { mintedToken, mintToken } from '@kindline/contracts';
import { AuditLog } from '@kindline/domain';
import { Endpoint, Input } from '@kindline/platform';
import type { z } from 'zod';

@ApiTags('tokens')
@Controller('auth/tokens')
export class TokensController {
  constructor(
    private readonly tokens: TokenVerifier,
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
    await this.audit.record({ actor: actorOf(principal), action: 'mint token', subject: input.sub });
    return { token, expires_at: expiresAt.toISOString() };
  }
}
