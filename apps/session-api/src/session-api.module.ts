import { type DynamicModule, Module } from '@nestjs/common';
import { AuthModule } from '@kindline/auth';
import type { NewsMap } from '@kindline/contracts';
import { Announcer, DomainModule, NEWS_PUBLISHER, Programs } from '@kindline/domain';
import { createRedis, PlatformModule, type TransitionLog, TransportPublisher } from '@kindline/platform';
import { ActingPerson } from './better-together/acting-person';
import { ChatRequestsController } from './better-together/chat-requests.controller';
import { SessionsController } from './better-together/sessions.controller';
import { TestNotificationController } from './better-together/test-notification.controller';
import { ConversationsController } from './conversations/conversations.controller';
import { DeliveriesController } from './notifications/deliveries.controller';
import { PeopleController } from './people/people.controller';
import { PushTokensController } from './people/push-tokens.controller';
import { TokensController } from './people/tokens.controller';
import type { SessionApiEnv } from './session-api-env';
import { VolunteersController } from './volunteers/volunteers.controller';

@Module({})
export class SessionApiModule {
  static forRoot(env: SessionApiEnv, log: TransitionLog): DynamicModule {
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
        PushTokensController,
        ConversationsController,
        VolunteersController,
        ChatRequestsController,
        SessionsController,
        TestNotificationController,
        DeliveriesController,
      ],
      providers: [
        ActingPerson,
        Announcer,
        { provide: NEWS_PUBLISHER, useValue: new TransportPublisher<NewsMap>(redis) },
      ],
    };
  }
}
