import { Inject, Injectable, Logger } from '@nestjs/common';
import {
  AnonymousSessions,
  PresenceDirectory,
  PUSH_DELAY_MS,
  RETURN_MS,
  SessionStore,
  type Side,
} from '@kindline/domain';
import { CLOCK, type Clock } from '@kindline/platform';
import type { DisconnectReason } from 'socket.io';
import { GOODBYE_MS, SILENCE_MS } from '../sockets/silence';
import { ChatRooms } from './chat-rooms';
import type { SeatSocket } from './seat';

/** Who is not there while something waits for them: to be told by push. The worker looks again before it sends. */
@Injectable()
export class AbsentSides {
  private readonly logger = new Logger(AbsentSides.name);
  /** Marked a moment ago: what is said meanwhile is part of the same push. */
  private readonly marked = new Set<string>();
  private readonly work = new Set<Promise<void>>();
  private delayMs = PUSH_DELAY_MS;

  constructor(
    private readonly sessions: AnonymousSessions,
    private readonly presence: PresenceDirectory,
    private readonly store: SessionStore,
    private readonly rooms: ChatRooms,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** From now on who leaves comes back elsewhere, and gets the time to do so. */
  expectReturn(): void {
    this.delayMs = RETURN_MS;
  }

  /** Something was said to a side. @param elsewhere other gateways where it sits, as Redis has it */
  saidTo(sessionId: string, side: Side, elsewhere: readonly string[]): void {
    if (this.rooms.has(sessionId, side) || this.marked.has(`${sessionId} ${side}`)) return;
    this.run(async () => {
      if (!(await this.presence.anyLives(elsewhere))) await this.mark(sessionId, side);
    });
  }

  /** A gateway is gone: those who sat there may have missed what was said since, and are there no more. */
  async gatewayLost(gatewayId: string, since: Date): Promise<void> {
    for (const sessionId of await this.sessions.activeIds()) {
      for (const { side, socketId, gatewayId: own } of await this.store.seats(sessionId)) {
        if (own !== gatewayId) continue;
        await this.store.stand(sessionId, socketId);
        const spoke = await this.store.spoke(sessionId, side === 'seeker' ? 'helper' : 'seeker');
        if (spoke >= since.getTime()) await this.sessions.pushSoon(sessionId, side, PUSH_DELAY_MS);
      }
    }
  }

  /** A side's last socket here is gone; what was said to it shortly before may not have arrived. */
  left({ sessionId, side }: SeatSocket, heardAt: number, reason: DisconnectReason): void {
    const clean = reason === 'client namespace disconnect' || reason === 'transport close';
    const silentFor = clean ? GOODBYE_MS : SILENCE_MS;
    if (heardAt < this.clock.now().getTime() - silentFor) return;
    this.run(() => this.mark(sessionId, side));
  }

  async settled(): Promise<void> {
    await Promise.all(this.work);
  }

  private async mark(sessionId: string, side: Side): Promise<void> {
    const key = `${sessionId} ${side}`;
    if (this.marked.has(key)) return;
    this.marked.add(key);
    setTimeout(() => this.marked.delete(key), PUSH_DELAY_MS / 2).unref();
    await this.sessions.pushSoon(sessionId, side, this.delayMs);
  }

  private run(work: () => Promise<void>): void {
    const running = work()
      .catch((err: unknown) => this.logger.error({ err }, 'who is absent could not be marked for a push'))
      .finally(() => this.work.delete(running));
    this.work.add(running);
  }
}
