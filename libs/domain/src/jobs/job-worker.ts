import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JobPayload, QueueName } from '@kindline/database';
import { within } from '@kindline/platform';
import { Logger as WorkerLogger, run, type Runner, type TaskList, type WorkerEvents } from 'graphile-worker';
import type { Pool } from 'pg';

/** What a job may know about itself. */
export interface JobContext {
  id: string;
  attempts: number;
  maxAttempts: number;
  /** Aborts when the process is told to stop. */
  signal: AbortSignal;
}
/**
 * Runs one job. What still runs long after the process was told to stop is given to another one, so it has to bear that
 * both run it at once: claim what is to be done, or be fenced by its state.
 */
export type TaskHandler = (payload: JobPayload, job: JobContext) => Promise<void> | void;
export type TaskHandlers = Record<string, TaskHandler>;

/** `given_up`: it failed and is not tried again. */
export type JobOutcome = 'done' | 'failed' | 'given_up';

export interface JobWorkerOptions {
  pool: Pool;
  queue: QueueName;
  tasks: TaskHandlers;
  concurrency?: number;
  /** How often due timers are looked for; jobs for now are told by NOTIFY. */
  pollIntervalMs?: number;
  /** One look for all that is due instead of one per idle worker: for many workers. */
  fetchesTogether?: boolean;
  /** Hears of every run. */
  ran?: (task: string, outcome: JobOutcome, seconds: number) => void;
  log: { error(fields: object, message: string): void; warn(fields: object, message: string): void };
}

/** How often a worker says that it lives, and after how long a silent one's jobs are given back. */
const HEARTBEAT_MS = 5_000;
const SILENT_AFTER_MS = 30_000;
const SWEEP_MS = 10_000;
/** How long jobs may go on once the process is told to stop: longer than a callback's or a push's deadline. */
const GRACE_MS = 17_000;
/** How often a worker that leaves looks whether its jobs are settled. */
const SETTLED_POLL_MS = 20;
/** What was fetched while all workers here are busy goes back to the others after this. */
const UNCLAIMED_MS = 1_000;

/**
 * Runs one queue's jobs. graphile-worker keeps a killed worker's jobs locked for four hours, so each
 * worker writes a heartbeat and each runner gives back the jobs of those that fell silent.
 */
export class JobWorker {
  private runner: Runner | undefined;
  /** What graphile-worker locks jobs with: its pool's id, not a worker's. */
  private readonly lockIds = new Set<string>();
  private readonly timers: NodeJS.Timeout[] = [];
  private readonly leaving = new AbortController();

  constructor(private readonly options: JobWorkerOptions) {}

  private get stopping(): boolean {
    return this.leaving.signal.aborted;
  }

  async start(): Promise<void> {
    const {
      pool,
      queue,
      tasks,
      concurrency = 4,
      pollIntervalMs = 1000,
      fetchesTogether,
      ran,
      log,
    } = this.options;
    const events: WorkerEvents = new EventEmitter();
    events.on('pool:create', ({ workerPool }) => this.lockIds.add(workerPool.id));
    events.on('job:error', ({ job, error }) =>
      log.warn(
        { queue, task: job.task_identifier, jobId: job.id, attempts: job.attempts, err: error },
        'job failed',
      ),
    );
    events.on('pool:listen:error', ({ error }) =>
      log.warn({ queue, err: error }, 'job queue is out of reach'),
    );
    const taskList: TaskList = {};
    for (const [name, handler] of Object.entries(tasks)) {
      taskList[name] = async (payload, helpers) => {
        const { id, attempts, max_attempts } = helpers.job;
        const began = performance.now();
        const ended = (outcome: JobOutcome): void =>
          ran?.(name, outcome, (performance.now() - began) / 1_000);
        try {
          await handler(payload as JobPayload, {
            id: String(id),
            attempts,
            maxAttempts: max_attempts,
            signal: this.leaving.signal,
          });
        } catch (error) {
          ended(attempts < max_attempts ? 'failed' : 'given_up');
          throw error;
        }
        ended('done');
      };
    }
    this.runner = await run({
      pgPool: pool,
      schema: queue,
      taskList,
      concurrency,
      pollInterval: pollIntervalMs,
      noHandleSignals: true,
      events,
      logger: silent,
      ...(fetchesTogether && {
        preset: { worker: { localQueue: { size: concurrency, ttl: UNCLAIMED_MS } } },
      }),
    });
    // A runner that gives up (the database was away for long) is started again.
    this.runner.promise.catch(() => undefined).finally(() => this.again());
    if (this.stopping) return this.runner.stop();
    this.every(HEARTBEAT_MS, () => this.beat());
    this.every(SWEEP_MS, () => this.giveBack());
    // From here on the worker runs; a failure must not start it a second time.
    await this.upkeep(() => this.beat());
  }

  /**
   * Finishes running jobs and leaves. What takes longer than `graceMs` is given back, to be run elsewhere at once.
   * @returns whether everything came to rest
   */
  async stop(graceMs = GRACE_MS): Promise<boolean> {
    this.leaving.abort();
    for (const timer of this.timers.splice(0)) clearInterval(timer);
    const rested = await within(graceMs, this.rest(AbortSignal.timeout(graceMs)));
    if (!rested) await this.upkeep(() => this.leaveUnfinished());
    await this.options.pool
      .query('DELETE FROM worker_heartbeats WHERE worker_id = ANY ($1)', [[...this.lockIds]])
      .catch(() => undefined);
    return rested;
  }

  /** Gives back the jobs of workers that have been silent; anyone may do it, repeating it does no harm. */
  async giveBack(): Promise<void> {
    const { pool, queue } = this.options;
    await pool.query(
      `SELECT ${queue}.force_unlock_workers(silent.ids) FROM (
        SELECT array_agg(DISTINCT j.locked_by) AS ids FROM ${queue}._private_jobs j
        WHERE j.locked_by IS NOT NULL AND j.locked_at < now() - $1 * interval '1 ms'
          AND NOT EXISTS (SELECT FROM worker_heartbeats h
            WHERE h.worker_id = j.locked_by AND h.seen_at > now() - $1 * interval '1 ms')
      ) silent WHERE silent.ids IS NOT NULL`,
      [SILENT_AFTER_MS],
    );
    await pool.query(`DELETE FROM worker_heartbeats WHERE seen_at < now() - interval '1 day'`);
  }

  /** Runs at once what failed and waits for its next try: what it failed for is over. */
  async retryNow(): Promise<void> {
    const { pool, queue } = this.options;
    await this.upkeep(async () => {
      await pool.query(
        `SELECT ${queue}.reschedule_jobs(failed.ids, run_at => now()) FROM (
          SELECT array_agg(id) AS ids FROM ${queue}._private_jobs
          WHERE attempts BETWEEN 1 AND max_attempts - 1 AND locked_at IS NULL AND run_at > now()
        ) failed WHERE failed.ids IS NOT NULL`,
      );
    });
  }

  /** graphile-worker stops without waiting until Postgres knows which of its jobs are done. */
  private async rest(late: AbortSignal): Promise<void> {
    const { pool, queue } = this.options;
    await this.runner?.stop().catch(() => undefined);
    const holdsJobs = async (): Promise<boolean> => {
      const { rows } = await pool.query(
        `SELECT FROM ${queue}._private_jobs WHERE locked_by = ANY ($1) LIMIT 1`,
        [[...this.lockIds]],
      );
      return rows.length > 0;
    };
    // Where Postgres is away there is nothing to wait for: others give back what a silent worker held.
    while (!late.aborted && (await holdsJobs().catch(() => false))) await sleep(SETTLED_POLL_MS);
  }

  /** graphile-worker's own forceful stop would count them as failed, and have them wait. */
  private async leaveUnfinished(): Promise<void> {
    const { pool, queue, log } = this.options;
    const own = [[...this.lockIds]];
    // It was cut short by us: it may have been the last attempt.
    const { rowCount } = await pool.query(
      `UPDATE ${queue}._private_jobs SET attempts = greatest(0, attempts - 1) WHERE locked_by = ANY ($1)`,
      own,
    );
    await pool.query(`SELECT ${queue}.force_unlock_workers($1)`, own);
    log.warn({ queue, jobs: rowCount }, 'jobs were given back unfinished');
  }

  private async beat(): Promise<void> {
    await this.options.pool.query(
      `INSERT INTO worker_heartbeats (worker_id, queue, seen_at) SELECT id, $2, now() FROM unnest($1::text[]) AS id
      ON CONFLICT (worker_id) DO UPDATE SET seen_at = excluded.seen_at`,
      [[...this.lockIds], this.options.queue],
    );
  }

  private every(ms: number, work: () => Promise<void>): void {
    this.timers.push(setInterval(() => void this.upkeep(work), ms).unref());
  }

  private async upkeep(work: () => Promise<void>): Promise<void> {
    const { queue, log } = this.options;
    await work().catch((err: unknown) => log.warn({ queue, err }, 'job queue upkeep failed'));
  }

  private again(): void {
    if (this.stopping) return;
    for (const timer of this.timers.splice(0)) clearInterval(timer);
    this.lockIds.clear();
    const retry = (): void => {
      if (this.stopping) return;
      this.start().catch((err) => {
        this.options.log.error(
          { queue: this.options.queue, err },
          'job worker could not start; trying again',
        );
        setTimeout(retry, 1000).unref();
      });
    };
    setTimeout(retry, 500).unref();
  }
}

/** graphile-worker's own lines would repeat ours, and could print payloads. */
const silent = new WorkerLogger(() => () => undefined);
