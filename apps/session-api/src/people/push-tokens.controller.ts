import { Controller, Delete, Put } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { CurrentPerson, type Person } from '@kindline/auth';
import { putPushToken, pushTokenView } from '@kindline/contracts';
import { maskToken, PushTokens } from '@kindline/domain';
import { Endpoint, Input, PathInput } from '@kindline/platform';
import { z } from 'zod';

const params = z.strictObject({ token: putPushToken.shape.token });

@ApiTags('push tokens')
@Controller('api/push-tokens')
export class PushTokensController {
  constructor(private readonly tokens: PushTokens) {}

  @Put()
  @Endpoint({
    summary: 'Register a device; a token that another account had is moved',
    access: { service: true },
    body: putPushToken,
    response: pushTokenView,
  })
  async put(
    @CurrentPerson() person: Person,
    @Input() { token, platform }: z.output<typeof putPushToken>,
  ): Promise<z.infer<typeof pushTokenView>> {
    await this.tokens.register(person.id, token, platform);
    return { token: maskToken(token), platform };
  }

  @Delete(':token')
  @Endpoint({ summary: 'Forget a device', access: { service: true }, params, errors: ['not_found'] })
  async remove(
    @CurrentPerson() person: Person,
    @PathInput() { token }: z.output<typeof params>,
  ): Promise<void> {
    await this.tokens.remove(person.id, token);
  }
}
