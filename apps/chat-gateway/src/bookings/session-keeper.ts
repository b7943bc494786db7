import { Inject, Injectable, Logger } from '@nestjs/common';
import { FacilitatorSessions } from '@kindline/domain';
import { CLOCK, type Clock } from '@kindline/platform';
import { GATEWAY_ID } from '../gateway-env';
import { Admission } from '../sockets/admission';
import { type PersonSocket, requireOpen } from '../sockets/connections';

/** Keeps the records of this gateway's facilitator sessions true. */
@Injectable()
export class SessionKeeper {
  private readonly logger = new Logger(SessionKeeper.name);
  /** Session ids by socket, from the moment they are being written. */
  private readonly open = new Map<string, Promise<string>>();
  private readonly opening = new Set<Promise<string>>();
  private ended: string[] = [];
  /** One after the other: a session that has ended must not be said to live afterwards. */
  private work: Promise<void> = Promise.resolve();

  constructor(
    private readonly sessions: FacilitatorSessions,
    @Inject(GATEWAY_ID) private readonly gatewayId: string,
    @Inject(CLOCK) private readonly clock: Clock,
    admission: Admission,
  ) {
    admission.onLeave(({ id }) => this.left(id));
  }

  /** Resolves when the session is on record. A socket has one. @throws conflict when it is gone meanwhile */
  async opened(client: PersonSocket): Promise<void> {
    requireOpen(client);
    await (this.open.get(client.id) ?? this.record(client));
    requireOpen(client);
  }

  /** Says that the sessions here live; those that were given up by mistake are open again. */
  async beat(): Promise<void> {
    await this.after(async () => {
      const live = await Promise.allSettled(this.open.values());
      const ids = live.flatMap((session) => (session.status === 'fulfilled' ? [session.value] : []));
      // Those that have left while we looked are ended next.
      await this.sessions.seen(ids);
      await this.sessions.endSilent();
    });
  }

  /** Resolves when everybody who has left is on record as such, also who left while being put on record. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.opening);
    await this.after(async () => undefined);
  }

  private async record({ id: socketId, person }: PersonSocket): Promise<void> {
    const session = this.sessions.open(person.sub, this.gatewayId, socketId);
    this.open.set(socketId, session);
    this.opening.add(session);
    try {
      await session;
    } catch (error) {
      this.open.delete(socketId);
      throw error;
    } finally {
      this.opening.delete(session);
    }
  }

  private left(socketId: string): void {
    const session = this.open.get(socketId);
    if (!session) return;
    this.open.delete(socketId);
    session.then(
      (id) => {
        if (this.ended.push(id) === 1) void this.after(() => this.end());
      },
      () => undefined,
    );
  }

  /** Everybody who has left by now. */
  private async end(): Promise<void> {
    const ids = this.ended;
    this.ended = [];
    await this.sessions.end(ids, this.clock.now());
  }

  private after(step: () => Promise<void>): Promise<void> {
    this.work = this.work.then(step).catch((err: unknown) => {
      // What was not ended falls silent and is ended by that.
      this.logger.warn({ err }, 'facilitator sessions could not be written');
    });
    return this.work;
  }
}
