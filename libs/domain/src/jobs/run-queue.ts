import type { INestApplicationContext } from '@nestjs/common';
import { createPool, type QueueName } from '@kindline/database';
import { MetricsRegistry, Shutdown } from '@kindline/platform';
import { jobDurations } from './job-durations';
import { JobWorker, type JobWorkerOptions, type TaskHandlers } from './job-worker';
import { tracedTasks } from './traced-tasks';

export interface QueueOptions {
  databaseUrl: string;
  queue: QueueName;
  tasks: TaskHandlers;
  concurrency?: number;
  pollIntervalMs?: number;
  /** Connections; default one per job and two more. Jobs that wait for others than Postgres need fewer. */
  poolSize?: number;
  fetchesTogether?: boolean;
  log: JobWorkerOptions['log'];
}

/** Runs a queue's jobs in this service until it drains. */
export async function runQueue(app: INestApplicationContext, options: QueueOptions): Promise<JobWorker> {
  const { databaseUrl, queue, concurrency = 4, poolSize = concurrency + 2, ...rest } = options;
  // graphile-worker holds one connection to listen; each job may hold one, and upkeep needs one.
  const pool = createPool(databaseUrl, `kindline-jobs-${queue}`, poolSize);
  const metrics = app.get(MetricsRegistry);
  metrics.pool(`jobs-${queue}`, pool);
  const durations = jobDurations(metrics.registry);
  const worker = new JobWorker({
    ...rest,
    tasks: tracedTasks(queue, rest.tasks),
    queue,
    concurrency,
    pool,
    ran: (task, outcome, seconds) => durations.observe({ queue, task, outcome }, seconds),
  });
  await worker.start();
  const shutdown = app.get(Shutdown);
  let stopped: Promise<boolean> | undefined;
  const stop = (): Promise<boolean> => (stopped ??= worker.stop());
  // All queues of a service at once: what takes long in one of them must not take the time of the others.
  shutdown.signal.addEventListener('abort', () => void stop());
  shutdown.onDrain(`jobs ${queue}`, async () => {
    // A job that hangs may hold a connection.
    if (await stop()) await pool.end();
  });
  return worker;
}
