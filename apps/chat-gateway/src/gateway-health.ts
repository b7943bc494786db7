import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { TransportNews } from '@kindline/contracts';
import { WRITER_POOL, type WriterPool } from '@kindline/domain';
import { Channels, HealthChecks, NEWS_SUBSCRIBER, type TransportSubscriber } from '@kindline/platform';
import type { Redis } from 'ioredis';
import { CHAT_REDIS } from './counseling/chat-redis';

/** The gateway is ready while it hears the transport; what it alone opened it closes. */
@Injectable()
export class GatewayHealth implements OnModuleInit, OnApplicationShutdown {
  constructor(
    private readonly health: HealthChecks,
    @Inject(WRITER_POOL) private readonly pool: WriterPool,
    @Inject(CHAT_REDIS) private readonly sessions: Redis,
    private readonly channels: Channels,
    @Inject(NEWS_SUBSCRIBER) private readonly news: TransportSubscriber<TransportNews>,
  ) {}

  onModuleInit(): void {
    this.health.register('transport', () => {
      if (!this.news.healthy()) throw new Error('not subscribed');
    });
  }

  async onApplicationShutdown(): Promise<void> {
    this.news.close();
    this.channels.close();
    this.sessions.disconnect();
    await this.pool.end();
  }
}
