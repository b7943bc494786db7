import { Inject, Injectable } from '@nestjs/common';
import {
  fingerprint,
  HttpLimits,
  PEOPLE_DIRECTORY,
  type PeopleDirectory,
  type Person,
  TokenVerifier,
} from '@kindline/auth';
import { KindlineError } from '@kindline/contracts';
import type { Socket } from 'socket.io';

/** Who a token names. Failures count against the address, as they do over HTTP. */
@Injectable()
export class SocketAuth {
  constructor(
    private readonly tokens: TokenVerifier,
    private readonly limits: HttpLimits,
    @Inject(PEOPLE_DIRECTORY) private readonly people: PeopleDirectory,
  ) {}

  /**
   * The person of the handshake's token.
   * @returns undefined for a socket without a token
   * @throws unauthenticated for a bad one, email_taken
   */
  async handshake(socket: Socket): Promise<{ person: Person; expiresAt: number } | undefined> {
    const token: unknown = (socket.handshake.auth as Record<string, unknown>)['token'];
    if (token === undefined || token === null || token === '') return undefined;
    if (typeof token !== 'string') throw new KindlineError('unauthenticated', 'auth.token must be a string');
    return this.person(socket, token);
  }

  /** @throws unauthenticated, email_taken, rate_limited */
  async person(socket: Socket, token: string): Promise<{ person: Person; expiresAt: number }> {
    const claims = await this.tokens.verify(token).catch(async (error: unknown) => {
      if (error instanceof KindlineError && error.code === 'unauthenticated')
        await this.limits.failedAuth(socket.handshake.address);
      throw error;
    });
    return { person: await this.people.ensure(claims), expiresAt: claims.exp };
  }

  /** @returns the service token's fingerprint @throws unauthenticated, rate_limited */
  async backend(socket: Socket, token: string): Promise<string> {
    if (!this.tokens.isServiceToken(token)) {
      await this.limits.failedAuth(socket.handshake.address);
      throw new KindlineError('unauthenticated', 'The service token is not valid');
    }
    return fingerprint(token);
  }
}
