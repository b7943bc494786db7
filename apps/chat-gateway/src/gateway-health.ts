import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { NewsMap } from '@kindline/contracts';
import { HealthChecks, NEWS_SUBSCRIBER, REDIS, type TransportSubscriber } from '@kindline/platform';
import type { Redis } from 'ioredis';
import { DataSource } from 'typeorm';
import { WRITER_POOL, type WriterPool } from './delivery/writer-pool';

/** What the gateway needs to be ready, and what it closes last. */
@Injectable()
export class GatewayHealth implements OnModuleInit, OnApplicationShutdown {
  constructor(
    private readonly health: HealthChecks,
    private readonly dataSource: DataSource,
    @Inject(REDIS) private readonly redis: Redis,
    @Inject(WRITER_POOL) private readonly pool: WriterPool,
    @Inject(NEWS_SUBSCRIBER) private readonly news: TransportSubscriber<NewsMap>,
  ) {}

  onModuleInit(): void {
    this.health.register('database', async () => {
      await this.dataSource.query('SELECT 1');
    });
    this.health.register('redis', async () => {
      await this.redis.ping();
    });
    this.health.register('transport', () => {
      if (!this.news.healthy()) throw new Error('not subscribed');
    });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.news.close();
    await this.pool.end();
    this.redis.disconnect();
    await this.dataSource.destroy();
  }
}
