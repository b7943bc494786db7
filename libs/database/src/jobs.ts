import type { EntityManager } from 'typeorm';

/**
 * The job queues: separate graphile-worker schemas in one database, so that a campaign's backlog never
 * stands in front of a person in distress, and a job is written in the transaction that causes it.
 */
export const QUEUES = ['announce', 'timers', 'push', 'campaigns', 'external'] as const;
export type QueueName = (typeof QUEUES)[number];

/** Payloads carry ids only, never texts, topics or tokens. `traceparent` and `traceLink` are taken. */
export type JobPayload = Record<string, string | number | boolean | null | string[]>;

export interface NewJob {
  queue: QueueName;
  task: string;
  payload: JobPayload;
  /** Not before; default at once. */
  runAt?: Date;
  /** A job with the same key that has not started is replaced. */
  key?: string;
  /** A lower one comes first of what is due; default 0. Many different ones make the look for due jobs slow. */
  priority?: number;
  maxAttempts?: number;
}

/** What a job remembers of the trace it is written in. */
let traceFields: (job: NewJob) => JobPayload = () => ({});

export function rememberTraces(fields: typeof traceFields): void {
  traceFields = fields;
}

/**
 * Adds jobs inside the caller's transaction.
 * @throws when a keyed job raced its running predecessor and no row came back: the transaction must be
 * tried again (`inTransaction` does).
 */
export async function enqueue(manager: EntityManager, ...jobs: NewJob[]): Promise<void> {
  const queues = QUEUES.filter((queue) => jobs.some((job) => job.queue === queue));
  if (queues.length === 0) return;
  // One statement for all queues: a round trip each was a fifth of the time to a request's ack.
  const added = await manager.query<{ queue: QueueName; id: string | null }[]>(
    `WITH jobs AS (
      SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::text[], $6::int[], $7::int[])
        AS j (queue, task, payload, run_at, key, max_attempts, priority)
    ) ${queues.map(addFrom).join(' UNION ALL ')}`,
    [
      jobs.map((job) => job.queue),
      jobs.map((job) => job.task),
      jobs.map((job) => JSON.stringify({ ...job.payload, ...traceFields(job) })),
      jobs.map((job) => job.runAt ?? null),
      jobs.map((job) => job.key ?? null),
      jobs.map((job) => job.maxAttempts ?? null),
      jobs.map((job) => job.priority ?? null),
    ],
  );
  const missing = added.find(({ id }) => !id);
  if (missing) throw new JobRaceError(missing.queue);
}

const addFrom = (queue: QueueName): string =>
  `SELECT queue, (${queue}.add_job(task, payload := payload::json, run_at := run_at, job_key := key,
    max_attempts := max_attempts, priority := priority)).id FROM jobs WHERE queue = '${queue}'`;

/**
 * Removes jobs that have not started; those that run find the world moved on, and do not run again.
 * @returns the ids of those that run
 */
export async function removeJobs(
  manager: EntityManager,
  queue: QueueName,
  keys: string[],
): Promise<string[]> {
  if (keys.length === 0) return [];
  const removed = await manager.query<{ id: string | null; running: boolean }[]>(
    `SELECT (job).id::text AS id, (job).locked_at IS NOT NULL AS running
    FROM (SELECT ${queue}.remove_job(key) AS job FROM unnest($1::text[]) AS key OFFSET 0) removed`,
    [keys],
  );
  return removed.flatMap(({ id, running }) => (id !== null && running ? [id] : []));
}

export class JobRaceError extends Error {
  constructor(queue: QueueName) {
    super(`${queue}.add_job returned no row: a predecessor with the same key is running`);
  }
}
