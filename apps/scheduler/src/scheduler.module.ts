import { type DynamicModule, Module } from '@nestjs/common';
import { AuthModule } from '@kindline/auth';
import type { TransportNews } from '@kindline/contracts';
import {
  ANONYMOUS_SESSIONS,
  Announcer,
  Callback,
  CALLBACK_ORIGINS,
  CronOccurrences,
  DeploymentFacts,
  DomainModule,
  ExternalJobs,
  HelperCheck,
  JOB_EVENTS,
  JOB_TIME_ZONE,
  NEWS_PUBLISHER,
  Programs,
  Retention,
  RETENTION_SETTINGS,
  RunExternalJob,
} from '@kindline/domain';
import { createRedis, PlatformModule, type TransitionLog, TransportPublisher } from '@kindline/platform';
import { Cron } from './cron';
import { DeploymentMetrics } from './deployment-metrics';
import { JobEventPublisher } from './jobs/job-event-publisher';
import { JobsController } from './jobs/jobs.controller';
import { SCHEDULER_ENV, type SchedulerEnv } from './scheduler-env';

@Module({})
export class SchedulerModule {
  static forRoot(env: SchedulerEnv, log: TransitionLog): DynamicModule {
    const redis = createRedis(env.REDIS_URL, 'scheduler', log);
    return {
      module: SchedulerModule,
      imports: [
        PlatformModule.forRoot(env, redis),
        AuthModule,
        DomainModule.forRoot({
          databaseUrl: env.DATABASE_URL,
          applicationName: 'kindline-scheduler',
          programs: Programs.fromFile(env.PROGRAMS_FILE),
          helperSeenWithin: env.HELPER_SEEN_WITHIN,
        }),
      ],
      controllers: [JobsController],
      providers: [
        ...ANONYMOUS_SESSIONS,
        Announcer,
        Callback,
        Cron,
        CronOccurrences,
        DeploymentFacts,
        DeploymentMetrics,
        ExternalJobs,
        HelperCheck,
        Retention,
        RunExternalJob,
        { provide: CALLBACK_ORIGINS, useValue: env.JOB_CALLBACK_ORIGINS },
        { provide: JOB_EVENTS, useClass: JobEventPublisher },
        { provide: JOB_TIME_ZONE, useValue: env.TIME_ZONE },
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
