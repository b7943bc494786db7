import { Global, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { COMMON_ENV, type CommonEnv } from '@kindline/platform';
import { AuthGuard } from './auth.guard';
import { ChatTokens } from './chat-tokens';
import { HttpLimits } from './http-limits';
import { TokenVerifier } from './tokens';

/** Tokens, and the guard in front of every route. */
@Global()
@Module({
  providers: [
    { provide: TokenVerifier, inject: [COMMON_ENV], useFactory: (env: CommonEnv) => new TokenVerifier(env) },
    { provide: ChatTokens, inject: [COMMON_ENV], useFactory: (env: CommonEnv) => new ChatTokens(env) },
    HttpLimits,
    { provide: APP_GUARD, useClass: AuthGuard },
  ],
  exports: [TokenVerifier, ChatTokens, HttpLimits],
})
export class AuthModule {}
