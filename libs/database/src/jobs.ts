import type { EntityManager } from 'typeorm';

/**
 * The job queues: separate graphile-worker schemas in one database, so that a campaign's backlog never
 * stands in front of a person in distress, and a job is written in the transaction that causes it.
 */
export const QUEUES = ['announce', 'timers', 'push', 'external'] as const;
export type QueueName = (typeof QUEUES)[number];

/** Payloads carry ids only, never texts, topics or tokens. */
export type JobPayload = Record<string, string | number | boolean | null | string[]>;

export interface NewJob {
  queue: QueueName;
  task: string;
  payload: JobPayload;
  /** Not before; default at once. */
  runAt?: Date;
  /** A job with the same key that has not started is replaced. */
  key?: string;
  maxAttempts?: number;
}

/**
 * Adds jobs inside the caller's transaction.
 * @throws when a keyed job raced its running predecessor and no row came back: the transaction must be
 * tried again (`inTransaction` does).
 */
export async function enqueue(manager: EntityManager, ...jobs: NewJob[]): Promise<void> {
  for (const queue of QUEUES) {
    const own = jobs.filter((job) => job.queue === queue);
    if (own.length === 0) continue;
    const added = await manager.query<{ id: string | null }[]>(
      `SELECT (${queue}.add_job(j.task, payload := j.payload::json, run_at := j.run_at, job_key := j.key,
        max_attempts := j.max_attempts)).id
      FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[], $5::int[])
        AS j (task, payload, run_at, key, max_attempts)`,
      [
        own.map((job) => job.task),
        own.map((job) => JSON.stringify(job.payload)),
        own.map((job) => job.runAt ?? null),
        own.map((job) => job.key ?? null),
        own.map((job) => job.maxAttempts ?? null),
      ],
    );
    if (added.some((row) => !row.id)) throw new JobRaceError(queue);
  }
}

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
