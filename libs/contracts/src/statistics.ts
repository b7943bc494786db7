import { z } from 'zod';
import { programName } from './conversations';

const seconds = z.number().min(0);

const liveProgram = z.object({
  program: programName,
  open_conversations: z.int(),
  pending: z.object({
    under_1m: z.int(),
    under_5m: z.int(),
    under_30m: z.int(),
    over_30m: z.int(),
    oldest_s: seconds.meta({ description: 'how long the first of them has waited; 0 when nobody waits' }),
  }),
  available_helpers: z
    .int()
    .nullable()
    .meta({ description: 'who could take one more now; null while nobody knows who is connected' }),
});

const liveQueue = z.object({
  queue: z.string(),
  due: z.int(),
  scheduled: z.int(),
  running: z.int(),
  given_up: z.int(),
  oldest_due_s: seconds,
});

const liveOutbox = z.object({ outbox: z.string(), due: z.int(), oldest_due_s: seconds });

export const statisticsHour = z.object({
  from: z.iso.datetime(),
  requests: z.int(),
  acceptances: z.int(),
  median_acceptance_s: seconds.nullable().meta({ description: 'from request to acceptance' }),
  messages: z.int().meta({ description: 'stored ones: none of counselling' }),
  pushes: z.object({
    accepted: z.int(),
    rejected: z.int(),
    unknown: z.int(),
    skipped: z.int(),
    pending: z.int(),
  }),
});
export type StatisticsHour = z.infer<typeof statisticsHour>;

/** `GET /api/statistics` */
export const statisticsView = z.object({
  live: z.object({
    read_at: z.iso.datetime(),
    programs: z.array(liveProgram),
    open_calls: z.int(),
    undelivered_bookings: z.int(),
    queues: z.array(liveQueue),
    outboxes: z.array(liveOutbox),
  }),
  hours: z.array(statisticsHour).meta({ description: 'the last 24, oldest first; the last one goes on' }),
});
export type StatisticsView = z.infer<typeof statisticsView>;
