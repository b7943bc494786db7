import { Inject, Injectable, Logger } from '@nestjs/common';
import type { SupportServerEvents, TransportNews } from '@kindline/contracts';
import { ChannelMatching, CHANNELS_PROGRAM, type Program } from '@kindline/domain';
import { CLOCK, type Clock, toKindlineError, type TransportSubscriber } from '@kindline/platform';
import { CATCH_UP_EVERY_MS } from '../delivery/catch-up';
import { Watchers } from '../delivery/watchers';
import { Admission } from '../sockets/admission';
import { type ClientSocket, Connections, isPersons, type PersonSocket } from '../sockets/connections';
import { PresenceTeller } from './presence-teller';

/** Support channels' part of the gateway: what runs by itself, and what must be finished before it ends. */
@Injectable()
export class SupportDesk {
  private readonly logger = new Logger(SupportDesk.name);
  private timer: NodeJS.Timeout | undefined;
  private sweeping: Promise<void> | undefined;
  private stopped = false;

  constructor(
    private readonly matching: ChannelMatching,
    private readonly teller: PresenceTeller,
    private readonly admission: Admission,
    private readonly connections: Connections,
    private readonly watchers: Watchers,
    @Inject(CHANNELS_PROGRAM) private readonly program: Program,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  start(news: TransportSubscriber<TransportNews>): void {
    news.on('presence.changed.v1', ({ changes }) => {
      for (const { viewerIds, ...change } of changes) {
        this.connections.emit<SupportServerEvents, 'presence:changed'>(viewerIds, 'presence:changed', change);
      }
    });
    news.onReconnect(() => this.sweep());
    this.admission.onArrive((client) => this.arrived(client));
    this.admission.onLeave((client) => this.left(client));
    this.timer = setInterval(() => this.sweep(), CATCH_UP_EVERY_MS);
  }

  /** Of those who leave from now on nobody is told. Resolves when what runs by itself has come to rest. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    await this.sweeping;
  }

  /** Resolves when those who saw its last people leave are told. */
  async settled(): Promise<void> {
    await this.teller.settled();
  }

  private arrived({ person }: PersonSocket): void {
    if (this.stopped) return;
    if (person.roles.includes(this.program.helperRole)) void this.matching.tryRun(this.program);
    if (this.connections.socketsOf(person.id).length === 1) this.teller.came(person.id).catch(this.untold);
  }

  /** The socket is still among theirs. */
  private left(client: ClientSocket): void {
    if (!isPersons(client)) return;
    this.watchers.left(client);
    if (this.stopped) return;
    const { id } = client.person;
    if (this.connections.socketsOf(id).length === 1)
      this.teller.left([id], this.clock.now()).catch(this.untold);
  }

  /** Channels that wait although a helper has room: what gave them room was not noticed, or Redis was away. */
  private sweep(): void {
    this.teller.retry().catch(this.untold);
    this.sweeping ??= this.matching
      .run(this.program)
      .catch((err: unknown) => {
        // While Redis or Postgres is away nothing can be known; that they are is told by others.
        if (toKindlineError(err).code !== 'unavailable')
          this.logger.error({ err }, 'waiting channels could not be given out');
      })
      .finally(() => (this.sweeping = undefined));
  }

  private readonly untold = (err: unknown): void => {
    if (toKindlineError(err).code !== 'unavailable')
      this.logger.warn({ err }, 'it could not be told who is there');
  };
}
