import { Inject, Injectable, Logger } from '@nestjs/common';
import { AnonymousSessions, PresenceDirectory, PUSH_DELAY_MS, type Seat, type Side } from '@kindline/domain';
import { CLOCK, type Clock } from '@kindline/platform';
import type { DisconnectReason } from 'socket.io';
import { GATEWAY_ID } from '../gateway-env';
import { SILENCE_MS } from '../sockets/absence';
import { GOODBYE_MS } from '../sockets/admission';
import { ChatRooms } from './chat-rooms';
import type { SeatSocket } from './seat';

/** Who is not there while something waits for them: to be told by push. The worker looks again before it sends. */
@Injectable()
export class AbsentSides {
  private readonly logger = new Logger(AbsentSides.name);
  /** Marked a moment ago: what is said meanwhile is part of the same push. */
  private readonly marked = new Set<string>();
  private readonly work = new Set<Promise<void>>();

  constructor(
    private readonly sessions: AnonymousSessions,
    private readonly presence: PresenceDirectory,
    private readonly rooms: ChatRooms,
    @Inject(GATEWAY_ID) private readonly gatewayId: string,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Something was said to a side. @param seats where it sits, as Redis has it */
  saidTo(sessionId: string, side: Side, seats: readonly Seat[]): void {
    if (this.rooms.has(sessionId, side) || this.marked.has(`${sessionId} ${side}`)) return;
    const elsewhere = seats.map(({ gatewayId }) => gatewayId).filter((id) => id !== this.gatewayId);
    this.run(async () => {
      if (!(await this.presence.anyLives(elsewhere))) await this.mark(sessionId, side);
    });
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
    await this.sessions.pushSoon(sessionId, side, PUSH_DELAY_MS);
  }

  private run(work: () => Promise<void>): void {
    const running = work()
      .catch((err: unknown) => this.logger.error({ err }, 'who is absent could not be marked for a push'))
      .finally(() => this.work.delete(running));
    this.work.add(running);
  }
}
