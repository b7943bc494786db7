import { BookingIntake, runQueue } from '@kindline/domain';
import {
  createLogger,
  readEnv,
  REDIS,
  type RunningService,
  Shutdown,
  startService,
} from '@kindline/platform';
import type { Redis } from 'ioredis';
import { BookingRequests } from './bookings/booking-requests';
import { BookingPushOutbox } from './outbox/booking-push-outbox';
import { CampaignExpansion } from './campaigns/campaign-expansion';
import { CampaignSending } from './campaigns/campaign-sending';
import { HeldPushOutbox } from './outbox/held-push-outbox';
import { MessagePushOutbox } from './outbox/message-push-outbox';
import { SessionPushOutbox } from './outbox/session-push-outbox';
import type { PushSender } from './push/push-sender';
import { RequestPushes } from './requests/request-pushes';
import { SendNotifications } from './sending/send-notifications';
import { TokenValidation } from './tokens/token-validation';
import { workerEnv } from './worker-env';
import { PUSH_SENDER } from './worker-tokens';
import { WorkerModule } from './worker.module';

/** Starts one replica of the notification worker with the given environment. */
export async function startNotificationWorker(variables = process.env): Promise<RunningService> {
  const env = readEnv(workerEnv, variables);
  const log = createLogger('notification-worker', env.LOG_LEVEL);
  return startService({
    name: 'notification-worker',
    module: WorkerModule.forRoot(env, log),
    env,
    log,
    port: env.NOTIFICATION_WORKER_PORT,
    portVariable: 'NOTIFICATION_WORKER_PORT',
    started: async (app) => {
      const shutdown = app.get(Shutdown);
      const sender = app.get<PushSender | undefined>(PUSH_SENDER);
      shutdown.onDrain('push sender', () => sender?.close());
      const pushes = await runQueue(app, {
        databaseUrl: env.DATABASE_URL,
        queue: 'push',
        concurrency: 8,
        pollIntervalMs: 500,
        tasks: {
          'notifications.send': ({ notificationIds }) =>
            app
              .get(SendNotifications)
              .run(Array.isArray(notificationIds) ? notificationIds : [])
              .then(() => undefined),
          'request.push': ({ requestId }) => app.get(RequestPushes).run(String(requestId)),
          'tokens.validate': async () => {
            await app.get(TokenValidation).run();
          },
        },
        log,
      });
      // A queue of its own: however much there is to announce, nobody in distress waits behind it.
      await runQueue(app, {
        databaseUrl: env.DATABASE_URL,
        queue: 'campaigns',
        concurrency: 4,
        tasks: {
          'campaign.expand': ({ campaignId }, { signal }) =>
            app.get(CampaignExpansion).run(String(campaignId), signal),
          'campaign.send': ({ campaignId, notificationIds }, { signal }) =>
            app
              .get(CampaignSending)
              .send(String(campaignId), Array.isArray(notificationIds) ? notificationIds : [], signal),
          'campaign.withdraw': ({ campaignId }) => app.get(CampaignSending).withdraw(String(campaignId)),
        },
        log,
      });
      // Requests whose push found Redis away would wait out a backoff that has grown with the outage.
      app.get<Redis>(REDIS).on('ready', () => void pushes.retryNow());
      const outboxes = {
        'message pushes': app.get(MessagePushOutbox),
        'held pushes': app.get(HeldPushOutbox),
        'booking pushes': app.get(BookingPushOutbox),
        'session pushes': app.get(SessionPushOutbox),
      };
      for (const [name, outbox] of Object.entries(outboxes)) {
        outbox.start();
        shutdown.onDrain(name, () => outbox.stop());
      }
      app.get(BookingRequests).start();
      shutdown.onDrain('bookings', () => app.get(BookingIntake).settled());
    },
  });
}
