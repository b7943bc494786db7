import { type DynamicModule, Global, Module } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { type CommonEnv } from './env';
import { HealthChecks, HealthController } from './health';
import { MetricsController, MetricsRegistry } from './metrics';
import { REDIS } from './redis';
import { Shutdown } from './shutdown';

/** Nest token: the settings every service has. */
export const COMMON_ENV = Symbol('COMMON_ENV');

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
      providers,
      exports: providers,
      controllers: [HealthController, MetricsController],
    };
  }
}
