import { type DynamicModule, Module } from '@nestjs/common';
import { AuthModule } from '@kindline/auth';
import { TRANSPORT_NEWS, type TransportNews } from '@kindline/contracts';
import { createPool } from '@kindline/database';
import {
  ANONYMOUS_SESSIONS,
  Announcer,
  bookingPublishing,
  CHANNELS,
  DeploymentFacts,
  DomainModule,
  Happenings,
  messageStoring,
  NEWS_PUBLISHER,
  Programs,
  Statistics,
  WRITE_TIMEOUT_MS,
  WRITER_CONNECTIONS,
} from '@kindline/domain';
import {
  createRedis,
  PlatformModule,
  type TransitionLog,
  TransportPublisher,
  TransportSubscriber,
} from '@kindline/platform';
import { ActingPerson } from './better-together/acting-person';
import { ChatRequestsController } from './better-together/chat-requests.controller';
import { SessionsController } from './better-together/sessions.controller';
import { TestNotificationController } from './better-together/test-notification.controller';
import { BookingsController } from './bookings/bookings.controller';
import { HelpRequestsController } from './companion/help-requests.controller';
import { ConsoleController } from './console/console.controller';
import { CONSOLE_SITE, type ConsoleSite } from './console/console-site';
import { DemoController } from './console/demo.controller';
import { ConversationsController } from './conversations/conversations.controller';
import { ChatSessionsController } from './counseling/chat-sessions.controller';
import { SessionSummaries } from './counseling/session-summaries';
import { SessionViews } from './counseling/session-views';
import { ModelSummary } from './counseling/summary/model-summary';
import { SummaryWriter } from './counseling/summary/summary-writer';
import { DeliveriesController } from './notifications/deliveries.controller';
import { InboxController } from './notifications/inbox.controller';
import { PreferencesController } from './notifications/preferences.controller';
import { TemplatesController } from './notifications/templates.controller';
import { NotificationsController } from './notifications/notifications.controller';
import { PeopleController } from './people/people.controller';
import { PeopleLookupController } from './people/people-lookup.controller';
import { PushTokensController } from './people/push-tokens.controller';
import { TokensController } from './people/tokens.controller';
import { SESSION_API_ENV, type SessionApiEnv } from './session-api-env';
import { StatisticsController } from './statistics/statistics.controller';
import { ChannelReads } from './support/channel-reads';
import { ChannelsController } from './support/channels.controller';
import { VolunteersController } from './volunteers/volunteers.controller';

@Module({})
export class SessionApiModule {
  /** @param site the console, if it is served from here */
  static forRoot(env: SessionApiEnv, log: TransitionLog, site?: ConsoleSite): DynamicModule {
    const redis = createRedis(env.REDIS_URL, 'session-api', log);
    return {
      module: SessionApiModule,
      imports: [
        PlatformModule.forRoot(env, redis),
        AuthModule,
        DomainModule.forRoot({
          databaseUrl: env.DATABASE_URL,
          applicationName: 'kindline-session-api',
          programs: Programs.fromFile(env.PROGRAMS_FILE),
          helperSeenWithin: env.HELPER_SEEN_WITHIN,
        }),
      ],
      controllers: [
        TokensController,
        PeopleController,
        PeopleLookupController,
        StatisticsController,
        PushTokensController,
        ConversationsController,
        HelpRequestsController,
        VolunteersController,
        ChatRequestsController,
        SessionsController,
        TestNotificationController,
        DeliveriesController,
        InboxController,
        PreferencesController,
        TemplatesController,
        NotificationsController,
        BookingsController,
        ChatSessionsController,
        ChannelsController,
        ...(site ? [ConsoleController] : []),
        ...(site?.people ? [DemoController] : []),
      ],
      providers: [
        ...ANONYMOUS_SESSIONS,
        ...CHANNELS,
        ...messageStoring(() =>
          createPool(env.DATABASE_URL, 'kindline-api-writer', WRITER_CONNECTIONS, WRITE_TIMEOUT_MS),
        ),
        { provide: SESSION_API_ENV, useValue: env },
        ...(site ? [{ provide: CONSOLE_SITE, useValue: site }] : []),
        ActingPerson,
        ChannelReads,
        SessionSummaries,
        SessionViews,
        Announcer,
        DeploymentFacts,
        Happenings,
        Statistics,
        { provide: SummaryWriter, useFactory: () => new SummaryWriter(modelSummary(env)) },
        ...bookingPublishing(
          () => new TransportSubscriber<TransportNews>(env.REDIS_URL, TRANSPORT_NEWS, log),
        ),
        { provide: NEWS_PUBLISHER, useValue: new TransportPublisher<TransportNews>(redis) },
      ],
    };
  }
}

function modelSummary(env: SessionApiEnv): ModelSummary | undefined {
  const { SUMMARY_API_URL: url, SUMMARY_API_KEY: key, SUMMARY_MODEL: model } = env;
  return url === undefined || model === undefined ? undefined : new ModelSummary({ url, key, model });
}
