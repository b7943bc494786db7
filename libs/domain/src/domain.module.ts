import {
  type DynamicModule,
  Global,
  Injectable,
  Module,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { AUDIT_LOG, PEOPLE_DIRECTORY } from '@kindline/auth';
import { createDataSource, pendingMigrations, poolOf, rememberTraces } from '@kindline/database';
import {
  CLOCK,
  type Clock,
  ConfigError,
  HealthChecks,
  MetricsRegistry,
  RANDOMNESS,
  type Randomness,
  systemClock,
  systemRandomness,
} from '@kindline/platform';
import { DataSource } from 'typeorm';
import { NewsReader } from './announcements/news-reader';
import { BookingInbox } from './bookings/booking-inbox';
import { FacilitatorSessions } from './bookings/facilitator-sessions';
import { CallEndings } from './calls/call-endings';
import { CallRecords } from './calls/call-records';
import { Calls } from './calls/calls';
import { CallSides } from './calls/call-sides';
import { CallTimerTasks } from './calls/call-timer-tasks';
import { Announcements } from './campaigns/announcements';
import { Audience } from './campaigns/audience';
import { CampaignCounts } from './campaigns/campaign-counts';
import { CampaignWhy } from './campaigns/campaign-why';
import { Campaigns } from './campaigns/campaigns';
import { ConversationList } from './conversations/conversation-list';
import { ConversationTimerTasks } from './conversations/conversation-timer-tasks';
import { Conversations } from './conversations/conversations';
import { Feedback } from './feedback/feedback';
import { HelperProfiles } from './helpers/helper-profiles';
import { TimerTasks } from './jobs/timer-tasks';
import { traceFields } from './jobs/traced-tasks';
import { HELPER_SEEN_WITHIN } from './matching/eligibility';
import { Matching } from './matching/matching';
import { History } from './messages/history';
import { Inbox } from './notification-centre/inbox';
import { NotificationPreferences } from './notification-centre/notification-preferences';
import { NotificationTemplates } from './notification-centre/notification-templates';
import { DeliveryLog } from './notifications/delivery-log';
import { Notifications } from './notifications/notifications';
import { PushWindows } from './notifications/push-windows';
import { AuditLog } from './people/audit-log';
import { PeopleDirectory } from './people/people.directory';
import { PeopleSearch } from './people/people-search';
import { LastSeen } from './presence/last-seen';
import { Programs } from './programs/programs';
import { PushTokens } from './push-tokens/push-tokens';
import { Acceptance } from './requests/acceptance';
import { RequestStates } from './requests/request-states';
import { Requests } from './requests/requests';

export interface DomainOptions {
  databaseUrl: string;
  applicationName: string;
  poolSize?: number;
  programs: Programs;
  /** Milliseconds a helper's role counts after a token last carried it. */
  helperSeenWithin: number;
  clock?: Clock;
  randomness?: Randomness;
}

const SERVICES = [
  PeopleDirectory,
  PeopleSearch,
  AuditLog,
  Matching,
  DeliveryLog,
  Notifications,
  PushWindows,
  NotificationPreferences,
  NotificationTemplates,
  Inbox,
  Announcements,
  Audience,
  CampaignCounts,
  Campaigns,
  CampaignWhy,
  Requests,
  Acceptance,
  RequestStates,
  Conversations,
  ConversationList,
  ConversationTimerTasks,
  CallEndings,
  CallRecords,
  Calls,
  CallSides,
  CallTimerTasks,
  History,
  Feedback,
  HelperProfiles,
  PushTokens,
  BookingInbox,
  FacilitatorSessions,
  TimerTasks,
  NewsReader,
  LastSeen,
];

@Injectable()
class DatabaseLifecycle implements OnModuleInit, OnApplicationShutdown {
  constructor(
    private readonly health: HealthChecks,
    private readonly metrics: MetricsRegistry,
    private readonly dataSource: DataSource,
  ) {}

  onModuleInit(): void {
    this.metrics.pool('main', poolOf(this.dataSource));
    this.health.register('database', async () => {
      await this.dataSource.query('SELECT 1');
    });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.dataSource.destroy();
  }
}

/** Everything that decides, for every service: one connected data source and the domain's classes. */
@Global()
@Module({})
export class DomainModule {
  static forRoot(options: DomainOptions): DynamicModule {
    rememberTraces(traceFields);
    const providers = [
      {
        provide: DataSource,
        useFactory: async () => {
          const { databaseUrl: url, applicationName, poolSize = 10 } = options;
          const dataSource = await createDataSource({ url, applicationName, poolSize }).initialize();
          const pending = await pendingMigrations(dataSource);
          if (pending.length === 0) return dataSource;
          await dataSource.destroy();
          throw new ConfigError([
            `The database in DATABASE_URL lacks ${pending.length} migrations of this version, the first of them ` +
              `${pending[0]}; run the migrations, then start the services.`,
          ]);
        },
      },
      { provide: Programs, useValue: options.programs },
      { provide: CLOCK, useValue: options.clock ?? systemClock },
      { provide: RANDOMNESS, useValue: options.randomness ?? systemRandomness },
      { provide: HELPER_SEEN_WITHIN, useValue: options.helperSeenWithin },
      { provide: PEOPLE_DIRECTORY, useExisting: PeopleDirectory },
      { provide: AUDIT_LOG, useExisting: AuditLog },
      ...SERVICES,
    ];
    return { module: DomainModule, providers: [...providers, DatabaseLifecycle], exports: providers };
  }
}
