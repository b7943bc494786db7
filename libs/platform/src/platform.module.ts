import {
  type DynamicModule,
  Global,
  Inject,
  Injectable,
  Module,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import type { Redis } from 'ioredis';
import { type CommonEnv } from './env';
import { HealthChecks, HealthController } from './health';
import { MetricsController, MetricsRegistry } from './metrics';
import { REDIS } from './redis';
import { Shutdown } from './shutdown';

/** Nest token: the settings every service has. */
export const COMMON_ENV = Symbol('COMMON_ENV');

@Injectable()
class RedisLifecycle implements OnModuleInit, OnApplicationShutdown {
  constructor(
    private readonly health: HealthChecks,
    @Inject(REDIS) private readonly redis: Redis,
  ) {}

  onModuleInit(): void {
    this.health.register('redis', async () => {
      await this.redis.ping();
    });
  }

  onApplicationShutdown(): void {
    this.redis.disconnect();
  }
}

/** Health, metrics, shutdown and the Redis connection, for every service. */
@Global()
@Module({})
export class PlatformModule {
  static forRoot(env: CommonEnv, redis: Redis): DynamicModule {
    const providers = [
      HealthChecks,
      MetricsRegistry,
      Shutdown,
      { provide: COMMON_ENV, useValue: env },
      { provide: REDIS, useValue: redis },
    ];
    return {
      module: PlatformModule,
      providers: [...providers, RedisLifecycle],
      exports: providers,
      controllers: [HealthController, MetricsController],
    };
  }
}
