import { createPool } from '@kindline/database';
import type { RunningService } from '@kindline/platform';
import type { JobStatus, JobView } from '@kindline/contracts';
import {
  createTestDatabase,
  eventually,
  type OwnServer,
  startRedis,
  TEST_JWT_SECRET,
  TEST_SERVICE_TOKEN,
} from '@kindline/testing';
import type { Pool } from 'pg';
import { startScheduler } from '../src/start';
import { JobTarget } from './job-target';

export interface Answer {
  status: number;
  headers: Headers;
  body: Record<string, unknown>;
}

/** Schedulers with their database, their Redis, and a backend that they may call. */
export class JobWorld {
  private constructor(
    readonly env: Record<string, string>,
    readonly sql: Pool,
    readonly redis: OwnServer,
    readonly target: JobTarget,
    readonly schedulers: RunningService[],
    private readonly dropDatabase: () => Promise<void>,
  ) {}

  static async start(replicas = 1, settings: Record<string, string> = {}): Promise<JobWorld> {
    const [database, redis, target] = await Promise.all([
      createTestDatabase(),
      startRedis(),
      JobTarget.start(),
    ]);
    const sql = createPool(database.url, 'test', 4);
    const env = {
      DATABASE_URL: database.url,
      REDIS_URL: redis.url,
      JWT_SECRET: TEST_JWT_SECRET,
      BACKEND_SERVICE_TOKEN: TEST_SERVICE_TOKEN,
      HOST: '127.0.0.1',
      NODE_ENV: 'test',
      LOG_LEVEL: 'silent',
      RATE_LIMIT_DISABLED: 'true',
      SCHEDULER_PORT: '0',
      JOB_CALLBACK_ORIGINS: target.origin,
      ...settings,
    };
    const world = new JobWorld(env, sql, redis, target, [], () => database.drop());
    for (let n = 0; n < replicas; n++) await world.startScheduler();
    return world;
  }

  async startScheduler(settings: Record<string, string> = {}): Promise<RunningService> {
    const scheduler = await startScheduler({ ...this.env, ...settings });
    this.schedulers.push(scheduler);
    return scheduler;
  }

  async stop(): Promise<void> {
    // A target that hangs would hold the schedulers' draining.
    await this.target.stop();
    await Promise.all(this.schedulers.map((scheduler) => scheduler.stop()));
    await this.sql.end();
    await this.redis.dispose();
    await this.dropDatabase();
  }

  async raw(
    method: string,
    path: string,
    options: {
      token?: string | undefined;
      body?: string;
      headers?: Record<string, string>;
      replica?: number;
    },
  ): Promise<Answer> {
    const { token, body, headers, replica = 0 } = options;
    const response = await fetch(`http://127.0.0.1:${this.schedulers[replica]?.port}${path}`, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
    };
  }

  /** As a backend. */
  call(method: string, path: string, body?: unknown, replica = 0): Promise<Answer> {
    return this.raw(method, path, {
      token: TEST_SERVICE_TOKEN,
      replica,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  async add(job: Record<string, unknown>, replica = 0): Promise<JobView> {
    const { status, body } = await this.call('POST', '/jobs', job, replica);
    if (status !== 201) throw new Error(`${status}: ${JSON.stringify(body)}`);
    return body as unknown as JobView;
  }

  async job(jobId: string): Promise<JobView | undefined> {
    const { status, body } = await this.call('GET', `/jobs/${encodeURIComponent(jobId)}`);
    return status === 200 ? (body as unknown as JobView) : undefined;
  }

  until(jobId: string, status: JobStatus, withinMs?: number): Promise<JobView> {
    return this.untilIt(jobId, `is ${status}`, (job) => job.status === status, withinMs);
  }

  untilIt(jobId: string, what: string, is: (job: JobView) => boolean, withinMs?: number): Promise<JobView> {
    return eventually(
      `${jobId} ${what}`,
      async () => {
        const job = await this.job(jobId);
        return job && is(job) ? job : undefined;
      },
      withinMs,
    );
  }

  /** Lets whatever waits for its next try be tried now. @returns how many */
  async retryNow(): Promise<number> {
    const { rowCount } = await this.sql.query(
      `SELECT external.reschedule_jobs(ARRAY(SELECT id FROM external._private_jobs
        WHERE attempts BETWEEN 1 AND max_attempts - 1 AND locked_at IS NULL), run_at => now())`,
    );
    return rowCount ?? 0;
  }

  /** How many rows the queue holds. */
  async queued(): Promise<number> {
    const { rows } = await this.sql.query<{ n: number }>(
      'SELECT count(*)::int AS n FROM external._private_jobs',
    );
    return rows[0]?.n ?? 0;
  }
}

/** A time as callers send it. */
export const inSeconds = (seconds: number): string => new Date(Date.now() + seconds * 1_000).toISOString();
