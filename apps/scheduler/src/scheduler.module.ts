import { type DynamicModule, Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { AuthModule } from '@kindline/auth';
import type { TransportNews } from '@kindline/contracts';
import {
  Announcer,
  CronOccurrences,
  DomainModule,
  HelperCheck,
  NEWS_PUBLISHER,
  Programs,
  Retention,
  RETENTION_SETTINGS,
} from '@kindline/domain';
import { createRedis, PlatformModule, type TransitionLog, TransportPublisher } from '@kindline/platform';
import { Cron } from './cron';
import { SCHEDULER_ENV, type SchedulerEnv } from './scheduler-env';

@Module({})
export class SchedulerModule {
  static forRoot(env: SchedulerEnv, log: TransitionLog): DynamicModule {
    const redis = createRedis(env.REDIS_URL, 'scheduler', log);
    return {
      module: SchedulerModule,
      imports: [
        ScheduleModule.forRoot(),
        PlatformModule.forRoot(env, redis),
        AuthModule,
        DomainModule.forRoot({
          databaseUrl: env.DATABASE_URL,
          applicationName: 'kindline-scheduler',
          programs: Programs.fromFile(env.PROGRAMS_FILE),
          helperSeenWithin: env.HELPER_SEEN_WITHIN,
        }),
      ],
      providers: [
        Announcer,
        Cron,
        CronOccurrences,
        HelperCheck,
        Retention,
        { provide: SCHEDULER_ENV, useValue: env },
        {
          provide: RETENTION_SETTINGS,
          useValue: {
            conversationsDays: env.RETENTION_CONVERSATIONS_DAYS,
            deliveriesDays: env.RETENTION_DELIVERIES_DAYS,
            bookingsDays: env.RETENTION_BOOKINGS_DAYS,
            facilitatorSessionsDays: env.RETENTION_FACILITATOR_SESSIONS_DAYS,
            requestTextsHours: env.RETENTION_REQUEST_TEXTS_HOURS,
            jobsDays: env.RETENTION_JOBS_DAYS,
            batchSize: env.RETENTION_BATCH_SIZE,
          },
        },
        { provide: NEWS_PUBLISHER, useValue: new TransportPublisher<TransportNews>(redis) },
      ],
    };
  }
}
