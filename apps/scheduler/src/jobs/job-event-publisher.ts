import { Inject, Injectable } from '@nestjs/common';
import { EventNotSentError, type JobEvents } from '@kindline/domain';
import { REDIS, TransportPublisher } from '@kindline/platform';
import type { Redis } from 'ioredis';

/** Publishes events of jobs on the Redis transport, where Nest microservices listen with `@EventPattern`. */
@Injectable()
export class JobEventPublisher implements JobEvents {
  private readonly publisher: TransportPublisher<Record<`job.${string}`, unknown>>;

  constructor(@Inject(REDIS) private readonly redis: Redis) {
    this.publisher = new TransportPublisher(redis);
  }

  async publish(event: string, data: unknown): Promise<void> {
    if (this.redis.status !== 'ready') throw new EventNotSentError();
    await this.publisher.publish(`job.${event}`, data);
  }
}
