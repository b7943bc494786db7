import { commonEnv, duration, portEnv } from '@kindline/platform';
import { z } from 'zod';

export const workerEnv = commonEnv.extend({
  NOTIFICATION_WORKER_PORT: portEnv(3002),
  PROGRAMS_FILE: z.string().optional(),
  FIREBASE_SERVICE_ACCOUNT: z.string().optional().meta({ example: '/secrets/service-account.json' }),
  GOOGLE_APPLICATION_CREDENTIALS: z.string().optional().meta({ example: '/secrets/service-account.json' }),
  FCM_ENDPOINT: z
    .url({ protocol: /^https$/ })
    .optional()
    .meta({ example: 'https://127.0.0.1:3098' }),
  /** The authority that FCM_ENDPOINT's certificate is signed by, as PEM. */
  FCM_CA_FILE: z.string().optional().meta({ example: '.data/push-sandbox/ca.pem' }),
  /** A call to FCM that has not answered by then is unknown. */
  PUSH_DEADLINE: duration.default(15_000).meta({ example: '15s' }),
  /** Least wait before FCM is asked again; default 10 s in production, 1 s elsewhere. */
  PUSH_RETRY_AFTER: duration.optional().meta({ example: '10s' }),
});

export type WorkerEnv = z.output<typeof workerEnv>;
