import { Inject, Injectable } from '@nestjs/common';
import { ChatTokens, HttpLimits } from '@kindline/auth';
import { INVALID_SESSION, KindlineError, UNAUTHORIZED_CHAT } from '@kindline/contracts';
import { SessionStore } from '@kindline/domain';
import { CLOCK, type Clock } from '@kindline/platform';
import type { Socket } from 'socket.io';
import { ChatRooms } from './chat-rooms';
import { SIDE_OF, type SeatSocket } from './seat';

/** Why a socket was not let into a session. */
export class ChatRefusal extends Error {
  constructor(readonly data: typeof INVALID_SESSION | typeof UNAUTHORIZED_CHAT) {
    super(data.message);
  }
}

/** Who may sit in a session: whoever shows a chat token that is of it. Failures count against the address. */
@Injectable()
export class ChatAdmission {
  constructor(
    private readonly tokens: ChatTokens,
    private readonly store: SessionStore,
    private readonly rooms: ChatRooms,
    private readonly limits: HttpLimits,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws ChatRefusal, or what Redis throws while it is away */
  async enter(socket: Socket): Promise<SeatSocket> {
    const { sessionId, anonymousId, role, permissions, exp } = await this.claims(socket);
    const side = SIDE_OF[role];
    const context = await this.store.look(sessionId);
    // Before the token's own age: a session that is over is over, however old the token is.
    if (!context || context.status === 'ended') throw new ChatRefusal(INVALID_SESSION);
    const own = side === 'seeker' ? context.seekerAnonymousId : context.helperAnonymousId;
    if (own !== anonymousId || exp * 1000 <= this.clock.now().getTime())
      throw new ChatRefusal(UNAUTHORIZED_CHAT);
    const entered = await this.rooms.enter({
      id: socket.id,
      socket,
      sessionId,
      side,
      anonymousId,
      permissions,
      expiresAt: exp,
    });
    if ('seat' in entered) return entered.seat;
    throw new ChatRefusal(entered.refusal === 'replaced' ? UNAUTHORIZED_CHAT : INVALID_SESSION);
  }

  private async claims(socket: Socket) {
    const token: unknown = (socket.handshake.auth as Record<string, unknown>)['token'];
    try {
      return await this.tokens.verify(typeof token === 'string' ? token : '');
    } catch (error) {
      if (!(error instanceof KindlineError) || error.code !== 'unauthenticated') throw error;
      // The answer is the same for an address that has failed too often: clients know these two codes.
      await this.limits.failedAuth(socket.handshake.address).catch(() => undefined);
      throw new ChatRefusal(UNAUTHORIZED_CHAT);
    }
  }
}
