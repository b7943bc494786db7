import { type DynamicModule, Module } from '@nestjs/common';
import { AuthModule } from '@kindline/auth';
import { TRANSPORT_NEWS, type TransportNews } from '@kindline/contracts';
import {
  ANONYMOUS_SESSIONS,
  BookingIntake,
  bookingPublishing,
  DomainModule,
  NEWS_PUBLISHER,
  OnlineHelpers,
  Programs,
} from '@kindline/domain';
import { createRedis, PlatformModule, TransportPublisher, TransportSubscriber } from '@kindline/platform';
import type { Logger } from 'pino';
import { BookingRequests } from './bookings/booking-requests';
import { CampaignExpansion } from './campaigns/campaign-expansion';
import { CampaignPace } from './campaigns/campaign-pace';
import { CampaignSending } from './campaigns/campaign-sending';
import { BookingPushOutbox } from './outbox/booking-push-outbox';
import { HeldPushOutbox } from './outbox/held-push-outbox';
import { MessagePushOutbox } from './outbox/message-push-outbox';
import { SessionPushOutbox } from './outbox/session-push-outbox';
import { createPushSender } from './push/fcm-sender';
import type { PushSender } from './push/push-sender';
import { RequestPushes } from './requests/request-pushes';
import { Addressees } from './sending/addressees';
import { Ledger } from './sending/ledger';
import { SendNotifications } from './sending/send-notifications';
import { WhoIsConnected } from './sending/who-is-connected';
import { TokenValidation } from './tokens/token-validation';
import type { WorkerEnv } from './worker-env';
import { WorkerMetrics } from './worker-metrics';
import { CAMPAIGN_PUSH_EVERY_MS, CAMPAIGN_RATE, PUSH_SENDER, RETRY_AFTER_MS } from './worker-tokens';

@Module({})
export class WorkerModule {
  static forRoot(env: WorkerEnv, log: Logger): DynamicModule {
    const redis = createRedis(env.REDIS_URL, 'notification-worker', log);
    return {
      module: WorkerModule,
      imports: [
        PlatformModule.forRoot(env, redis),
        AuthModule,
        DomainModule.forRoot({
          databaseUrl: env.DATABASE_URL,
          applicationName: 'kindline-notification-worker',
          programs: Programs.fromFile(env.PROGRAMS_FILE),
          helperSeenWithin: env.HELPER_SEEN_WITHIN,
        }),
      ],
      providers: [
        {
          provide: PUSH_SENDER,
          inject: [WorkerMetrics],
          useFactory: (metrics: WorkerMetrics) => pushSender(env, log, metrics),
        },
        {
          provide: RETRY_AFTER_MS,
          useValue: env.PUSH_RETRY_AFTER ?? (env.NODE_ENV === 'production' ? 10_000 : 1_000),
        },
        {
          provide: CAMPAIGN_RATE,
          useValue: env.RATE_LIMIT_DISABLED ? undefined : env.RATE_LIMIT_CAMPAIGN_PUSHES,
        },
        { provide: CAMPAIGN_PUSH_EVERY_MS, useValue: env.CAMPAIGN_PUSH_EVERY ?? 0 },
        ...ANONYMOUS_SESSIONS,
        { provide: NEWS_PUBLISHER, useValue: new TransportPublisher<TransportNews>(redis) },
        ...bookingPublishing(
          () => new TransportSubscriber<TransportNews>(env.REDIS_URL, TRANSPORT_NEWS, log),
        ),
        Addressees,
        BookingIntake,
        BookingPushOutbox,
        BookingRequests,
        CampaignExpansion,
        CampaignPace,
        CampaignSending,
        HeldPushOutbox,
        Ledger,
        MessagePushOutbox,
        OnlineHelpers,
        RequestPushes,
        SendNotifications,
        SessionPushOutbox,
        TokenValidation,
        WhoIsConnected,
        WorkerMetrics,
      ],
    };
  }
}

function pushSender(env: WorkerEnv, log: Logger, metrics: WorkerMetrics): PushSender | undefined {
  const sender = createPushSender({
    ...(env.FIREBASE_SERVICE_ACCOUNT && { serviceAccount: env.FIREBASE_SERVICE_ACCOUNT }),
    useApplicationDefault: env.GOOGLE_APPLICATION_CREDENTIALS !== undefined,
    ...(env.FCM_ENDPOINT && { endpoint: env.FCM_ENDPOINT }),
    ...(env.FCM_CA_FILE && { caFile: env.FCM_CA_FILE }),
    deadlineMs: env.PUSH_DEADLINE,
    took: (seconds) => metrics.requestTook(seconds),
    log,
  });
  metrics.fcmConfigured(sender !== undefined);
  if (!sender) log.warn('no FCM credentials are configured: pushes are recorded as skipped (not_configured)');
  return sender;
}
