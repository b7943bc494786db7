import { Inject, Injectable, type OnApplicationShutdown, type Provider } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import { MessageIntake } from './message-intake';
import { MessageMetrics } from './message-metrics';
import { MessageSurroundings } from './message-surroundings';
import { MESSAGE_ORIGIN, MESSAGES_HERE, NOBODY_HERE } from './messages-here';
import { Rosters } from './rosters';
import { WRITER_POOL, type WriterPool } from './writer-pool';

@Injectable()
class WriterLifecycle implements OnApplicationShutdown {
  constructor(
    private readonly intake: MessageIntake,
    @Inject(WRITER_POOL) private readonly pool: WriterPool,
  ) {}

  async onApplicationShutdown(): Promise<void> {
    await this.intake.writer.settled();
    await this.pool.end();
  }
}

/** What a service without sockets needs to take messages, beside a NEWS_PUBLISHER and a PresenceDirectory. */
export function messageStoring(pool: () => WriterPool): Provider[] {
  return [
    { provide: WRITER_POOL, useFactory: pool },
    { provide: MESSAGE_ORIGIN, useValue: randomUUID() },
    { provide: MESSAGES_HERE, useValue: NOBODY_HERE },
    {
      provide: Rosters,
      inject: [DataSource],
      // It hears of no change of members, so it remembers none.
      useFactory: (dataSource: DataSource) => new Rosters(dataSource, { remember: false }),
    },
    MessageIntake,
    MessageMetrics,
    MessageSurroundings,
    WriterLifecycle,
  ];
}
