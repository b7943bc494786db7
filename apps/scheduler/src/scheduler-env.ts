import { timeZone } from '@kindline/contracts';
import { callbackOrigins } from '@kindline/domain';
import { commonEnv, portEnv } from '@kindline/platform';
import { z } from 'zod';

const days = (fallback: number) => z.coerce.number().int().min(1).max(36_500).default(fallback);

/** Nest token: this service's settings. */
export const SCHEDULER_ENV = Symbol('SCHEDULER_ENV');

export const schedulerEnv = commonEnv.extend({
  SCHEDULER_PORT: portEnv(3003),
  PROGRAMS_FILE: z.string().optional(),
  /** The operator's time zone: nightly work runs by its clock. */
  TIME_ZONE: timeZone.default('UTC').meta({ example: 'Europe/Berlin' }),
  /** Where jobs may call. */
  JOB_CALLBACK_ORIGINS: callbackOrigins,
  /** How many days things are kept; absent for conversations: for ever. */
  RETENTION_CONVERSATIONS_DAYS: z.coerce.number().int().min(1).max(36_500).optional().meta({ example: 365 }),
  RETENTION_DELIVERIES_DAYS: days(90),
  RETENTION_BOOKINGS_DAYS: days(90),
  RETENTION_FACILITATOR_SESSIONS_DAYS: days(30),
  RETENTION_JOBS_DAYS: days(7),
  RETENTION_REQUEST_TEXTS_HOURS: z.coerce.number().int().min(1).max(876_000).default(24),
  /** Most rows removed by one statement. */
  RETENTION_BATCH_SIZE: z.coerce.number().int().min(1).max(100_000).default(1_000).meta({ example: 1_000 }),
});

export type SchedulerEnv = z.output<typeof schedulerEnv>;
