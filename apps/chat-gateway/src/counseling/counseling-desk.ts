import { Inject, Injectable, Logger } from '@nestjs/common';
import type { TransportNews } from '@kindline/contracts';
import { type Program, Programs, SessionMatching, SessionSweep } from '@kindline/domain';
import { Channels, toKindlineError, type TransportSubscriber } from '@kindline/platform';
import type { Redis } from 'ioredis';
import { Admission } from '../sockets/admission';
import type { PersonSocket } from '../sockets/connections';
import { CHAT_REDIS } from './chat-redis';
import { ChatRooms } from './chat-rooms';
import { QueueBoard } from './queue-board';
import { SessionTeller } from './session-teller';

const SWEEP_EVERY_MS = 1_000;
/** How often what is shown here is compared with what Redis has. */
const COMPARE_EVERY_MS = 5_000;

/** Anonymous sessions' part of the gateway: what runs by itself, and what must be finished before it ends. */
@Injectable()
export class CounselingDesk {
  private readonly logger = new Logger(CounselingDesk.name);
  private readonly timers: NodeJS.Timeout[] = [];
  private readonly programs: Program[];
  private sweeping: Promise<void> | undefined;
  private compareAll = false;

  constructor(
    private readonly rooms: ChatRooms,
    private readonly teller: SessionTeller,
    private readonly board: QueueBoard,
    private readonly sweep: SessionSweep,
    private readonly matching: SessionMatching,
    private readonly channels: Channels,
    private readonly admission: Admission,
    @Inject(CHAT_REDIS) private readonly redis: Redis,
    programs: Programs,
  ) {
    this.programs = programs.all().filter(({ anonymous }) => anonymous !== null);
  }

  /** A Redis that was restarted, or another one, may have forgotten every session. */
  private readonly mend = (): void => {
    this.compareAll = true;
    this.sweepAll();
    this.compare();
  };

  start(news: TransportSubscriber<TransportNews>): void {
    news.on('session.changed.v1', (changed) => this.teller.changed(changed));
    news.on('session.queue.v1', ({ program }) => this.refresh(program));
    news.onReconnect(() => this.catchUp());
    this.channels.onReconnect(() => this.compare());
    this.redis.on('ready', this.mend);
    this.admission.onArrive((client) => this.arrived(client));
    this.timers.push(
      setInterval(() => this.sweepAll(), SWEEP_EVERY_MS),
      setInterval(() => {
        this.compare();
        this.catchUp();
      }, COMPARE_EVERY_MS),
    );
  }

  /** Resolves when what runs by itself has come to rest. */
  async stop(): Promise<void> {
    for (const timer of this.timers.splice(0)) clearInterval(timer);
    this.redis.off('ready', this.mend);
    await this.sweeping;
  }

  /** What news would have told, had they not been lost. */
  private catchUp(): void {
    for (const program of this.programs) {
      this.board.refresh(program);
      this.teller.catchUp(program).catch((err: unknown) => {
        if (toKindlineError(err).code !== 'unavailable')
          this.logger.warn({ err }, 'assignments could not be looked for');
      });
    }
  }

  private refresh(name: Program['name']): void {
    for (const program of this.programs) if (program.name === name) this.board.refresh(program);
  }

  private arrived(client: PersonSocket): void {
    for (const program of this.programs) {
      this.teller.greet(program, client).catch((err: unknown) => {
        this.logger.warn({ err, socketId: client.id }, 'open sessions could not be shown');
      });
      if (client.person.roles.includes(program.helperRole)) void this.matching.tryRun(program);
    }
  }

  private sweepAll(): void {
    this.sweeping ??= this.runSweeps()
      .catch((err: unknown) => {
        // While Redis or Postgres is away nothing can be known; that they are is told by others.
        if (toKindlineError(err).code !== 'unavailable')
          this.logger.error({ err }, 'a sweep of sessions failed');
      })
      .finally(() => (this.sweeping = undefined));
  }

  private async runSweeps(): Promise<void> {
    if (this.compareAll) {
      for (const program of this.programs) await this.sweep.compareAll(program);
      this.compareAll = false;
    }
    for (const program of this.programs) await this.sweep.run(program);
  }

  private compare(): void {
    this.rooms.compare().catch((err: unknown) => {
      if (toKindlineError(err).code !== 'unavailable')
        this.logger.warn({ err }, 'sessions here could not be compared with what Redis has');
    });
  }
}
