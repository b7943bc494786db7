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
  app.get(Shutdown).onDrain(`jobs ${queue}`, async () => {
    await worker.stop();
    await pool.end();
  });
  return worker;
}
