import { commonEnv, duration, portEnv, rateEnv } from '@kindline/platform';
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
  /** A call to FCM that has not answered by then is unknown. No longer: see the ledger's DOUBT_MS and a drain's time. */
  PUSH_DEADLINE: duration
    .refine((ms) => ms <= 15_000, 'must be 15s or less')
    .default(15_000)
    .meta({ example: '15s' }),
  /** Least wait before FCM is asked again; default 10 s in production, 1 s elsewhere. */
  PUSH_RETRY_AFTER: duration.optional().meta({ example: '10s' }),
  /** Pushes of announcements, all workers together. */
  RATE_LIMIT_CAMPAIGN_PUSHES: rateEnv('1000/1s').refine(
    ({ points }) => points > 0,
    'must let something pass',
  ),
  /** Least distance of two announcements' pushes to one person; what comes sooner is in their inbox only. */
  CAMPAIGN_PUSH_EVERY: duration.optional().meta({ example: '12h' }),
});

export type WorkerEnv = z.output<typeof workerEnv>;
