import { Inject, Injectable } from '@nestjs/common';
import { PEOPLE_DIRECTORY, type PeopleDirectory, type Person, TokenVerifier } from '@kindline/auth';
import { KindlineError } from '@kindline/contracts';
import type { Socket } from 'socket.io';

/** Who a socket's token names. */
@Injectable()
export class SocketAuth {
  constructor(
    private readonly tokens: TokenVerifier,
    @Inject(PEOPLE_DIRECTORY) private readonly people: PeopleDirectory,
  ) {}

  /**
   * @returns undefined for a socket without a token
   * @throws unauthenticated for a bad one, email_taken
   */
  async authenticate(socket: Socket): Promise<{ person: Person; expiresAt: number } | undefined> {
    const token: unknown = (socket.handshake.auth as Record<string, unknown>)['token'];
    if (token === undefined || token === null || token === '') return undefined;
    if (typeof token !== 'string') throw new KindlineError('unauthenticated', 'auth.token must be a string');
    const claims = await this.tokens.verify(token);
    return { person: await this.people.ensure(claims), expiresAt: claims.exp };
  }
}
