import { Inject, Injectable } from '@nestjs/common';
import { type JobStatus, type JobView, KindlineError, type NewExternalJob } from '@kindline/contracts';
import { enqueue, inTransaction, type NewJob, removeJobs, uuidV7 } from '@kindline/database';
import { CLOCK, type Clock } from '@kindline/platform';
import { setTimeout as pause } from 'node:timers/promises';
import { DataSource, type EntityManager } from 'typeorm';
import { decodeCursor, encodeCursor } from '../cursor';
import { AuditLog } from '../people/audit-log';
import { CALLBACK_ORIGINS, requireAllowedCallback } from './callback-origins';
import { type LocalPattern, localPattern, nextInstant } from './schedule';

/** Nest token: the zone by whose clock cron runs where a job names none. */
export const JOB_TIME_ZONE = Symbol('JOB_TIME_ZONE');

/** The task in the queue `external`. */
export const RUN_EXTERNAL_JOB = 'job.run';

/** With graphile-worker's growing waits the tenth try is three and a half hours after the first. */
const MOST_ATTEMPTS = 10;

/** An attempt that has begun sends its request within this time, unless its target is slow to connect to. */
const SENT_WITHIN_MS = 250;
const LOOK_EVERY_MS = 10;
const ABANDONED_AFTER_MS = 60_000;

const COLUMNS = `job_id, generation, run_at, cron, time_zone, callback_url, event, payload::text AS payload, status,
  least(next_occurrence, retry_at) AS next_run_at, last_run_at, attempts, last_error, created_at, updated_at`;

interface Row extends Omit<
  JobView,
  'run_at' | 'next_run_at' | 'last_run_at' | 'created_at' | 'updated_at' | 'payload'
> {
  generation: string;
  payload: string | null;
  run_at: Date | null;
  next_run_at: Date | null;
  last_run_at: Date | null;
  created_at: Date;
  updated_at: Date;
}

interface Queued {
  generation: string;
  occurrence: Date | null;
  next_occurrence: Date | null;
}

/** One occurrence in the queue: ids only. The key tells generations apart, so that a new one never meets a running old one. */
export function occurrenceJob(jobId: string, generation: string, occurrence: Date): NewJob {
  return {
    queue: 'external',
    task: RUN_EXTERNAL_JOB,
    payload: { jobId, generation, occurrence: occurrence.toISOString() },
    runAt: occurrence,
    key: occurrenceKey(generation, occurrence),
    maxAttempts: MOST_ATTEMPTS,
  };
}

/** The same for every attempt of an occurrence, another one for every other. */
export function occurrenceKey(generation: string, occurrence: Date): string {
  return `${generation}.${occurrence.getTime()}`;
}

/** Jobs that backends schedule: what is due runs in `RunExternalJob`. */
@Injectable()
export class ExternalJobs {
  constructor(
    private readonly dataSource: DataSource,
    private readonly audit: AuditLog,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CALLBACK_ORIGINS) private readonly origins: readonly string[],
    @Inject(JOB_TIME_ZONE) private readonly timeZone: string,
  ) {}

  /**
   * Adds a job, or replaces the one with this id: nothing of that one starts any more.
   * @throws validation_failed for a pattern that never matches or a target that may not be called
   */
  async add(job: NewExternalJob, actor: string): Promise<JobView> {
    if (job.callback_url !== undefined) requireAllowedCallback(job.callback_url, this.origins);
    const zone = job.cron === undefined ? null : (job.time_zone ?? this.timeZone);
    const now = this.clock.now();
    const first =
      job.cron === undefined || zone === null
        ? new Date(job.run_at ?? now)
        : nextInstant(patternOf(job.cron), zone, now);
    const { row, running } = await inTransaction(this.dataSource, async (manager) => {
      const generation = uuidV7();
      // Two that add the same id for the first time do not see each other here: the loser's occurrence stays
      // in the queue and, when due, finds another generation.
      const running = await this.unqueue(manager, await lockQueued(manager, job.job_id));
      const [row] = await manager.query<Row[]>(
        `INSERT INTO external_jobs AS j (job_id, generation, run_at, cron, time_zone, callback_url, event, payload,
          next_occurrence, created_at, created_by, updated_at, status)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $10, 'scheduled')
        ON CONFLICT (job_id) DO UPDATE SET generation = excluded.generation, run_at = excluded.run_at,
          cron = excluded.cron, time_zone = excluded.time_zone, callback_url = excluded.callback_url,
          event = excluded.event, payload = excluded.payload, next_occurrence = excluded.next_occurrence,
          created_at = excluded.created_at, created_by = excluded.created_by, updated_at = excluded.updated_at,
          status = excluded.status, occurrence = NULL, retry_at = NULL, last_run_at = NULL, attempts = 0,
          last_error = NULL
        RETURNING ${COLUMNS}`,
        [
          job.job_id,
          generation,
          job.cron === undefined ? first : null,
          job.cron ?? null,
          zone,
          job.callback_url ?? null,
          job.event ?? null,
          job.payload === undefined ? null : JSON.stringify(job.payload),
          first,
          now,
          actor,
        ],
      );
      if (!row) throw new Error('the job was not stored');
      await enqueue(manager, occurrenceJob(job.job_id, generation, first));
      await this.audit.record({ actor, action: 'add job', subject: job.job_id }, manager);
      return { row, running };
    });
    await this.untilSent(running);
    return view(row);
  }

  /**
   * Removes a job. Nothing of it starts after this has answered, neither an occurrence nor a retry.
   * @throws not_found
   */
  async remove(jobId: string, actor: string): Promise<void> {
    const running = await inTransaction(this.dataSource, async (manager) => {
      const queued = await lockQueued(manager, jobId);
      if (queued.length === 0) throw new KindlineError('not_found', 'There is no such job');
      await manager.query(`DELETE FROM external_jobs WHERE job_id = $1`, [jobId]);
      await this.audit.record({ actor, action: 'remove job', subject: jobId }, manager);
      return this.unqueue(manager, queued);
    });
    await this.untilSent(running);
  }

  /** @throws not_found */
  async get(jobId: string): Promise<JobView> {
    const [row] = await this.dataSource.query<Row[]>(
      `SELECT ${COLUMNS} FROM external_jobs WHERE job_id = $1`,
      [jobId],
    );
    if (!row) throw new KindlineError('not_found', 'There is no such job');
    return view(row);
  }

  /** Newest first: by generation, a UUID v7 (external_jobs_newest, external_jobs_by_status). */
  async list(filter: { status?: JobStatus | undefined; limit: number; cursor?: string | undefined }) {
    const [before] = filter.cursor ? decodeCursor(filter.cursor, 'id') : [];
    const conditions = ['true'];
    const parameters: unknown[] = [filter.limit + 1];
    if (filter.status) conditions.push(`status = $${parameters.push(filter.status)}`);
    if (before) conditions.push(`generation < $${parameters.push(before)}`);
    const rows = await this.dataSource.query<Row[]>(
      `SELECT ${COLUMNS} FROM external_jobs WHERE ${conditions.join(' AND ')} ORDER BY generation DESC LIMIT $1`,
      parameters,
    );
    const page = rows.slice(0, filter.limit);
    const last = page.at(-1);
    return {
      jobs: page.map(view),
      cursor: rows.length > filter.limit && last ? encodeCursor(last.generation) : null,
    };
  }

  /**
   * Ends what shows as running and will not run again, because the scheduler of its last attempt was killed, and
   * what waits and will never begin.
   * @returns how many
   */
  async settleAbandoned(): Promise<number> {
    const now = this.clock.now();
    const before = new Date(now.getTime() - ABANDONED_AFTER_MS);
    const [, killed] = await this.dataSource.query<[unknown[], number]>(
      `UPDATE external_jobs e SET status = 'failed', updated_at = $1,
        last_error = 'the scheduler of the last attempt was killed'
      WHERE status = 'running' AND last_run_at < $2 AND NOT EXISTS (
        SELECT FROM external._private_jobs q
        WHERE q.key = e.generation || '.' || (extract(epoch FROM e.occurrence) * 1000)::bigint
          AND (q.locked_at IS NOT NULL OR q.attempts < q.max_attempts))`,
      [now, before],
    );
    // What could not even begin ten times: a zone that is none any more, or Postgres refused each time.
    const [, notBegun] = await this.dataSource.query<[unknown[], number]>(
      `UPDATE external_jobs e SET status = 'failed', updated_at = $1, last_error = 'it could not be begun'
      WHERE status = 'scheduled' AND least(next_occurrence, retry_at) < $2 AND NOT EXISTS (
        SELECT FROM external._private_jobs q
        WHERE q.key IN (e.generation || '.' || (extract(epoch FROM e.occurrence) * 1000)::bigint,
            e.generation || '.' || (extract(epoch FROM e.next_occurrence) * 1000)::bigint)
          AND (q.locked_at IS NOT NULL OR q.attempts < q.max_attempts))`,
      [now, before],
    );
    return killed + notBegun;
  }

  /** Takes what waits out of the queue, in the transaction that removes or replaces it. @returns what runs */
  private async unqueue(manager: EntityManager, queued: Queued[]): Promise<string[]> {
    // Retries of occurrences before the latest stay: when due they find no job, or another generation.
    const keys = queued.flatMap(({ generation, occurrence, next_occurrence }) =>
      [occurrence, next_occurrence].flatMap((at) => (at ? [occurrenceKey(generation, at)] : [])),
    );
    return removeJobs(manager, 'external', keys);
  }

  /**
   * Lets an attempt that had begun send its request, so that none arrives after the answer. It is not waited
   * for to the end: a target may hang, or be the one that removes its own job.
   */
  private async untilSent(running: string[]): Promise<void> {
    for (let waited = 0; running.length > 0 && waited < SENT_WITHIN_MS; waited += LOOK_EVERY_MS) {
      const rows = await this.dataSource.query<unknown[]>(
        `SELECT FROM external._private_jobs WHERE id = ANY ($1::bigint[]) AND locked_at IS NOT NULL`,
        [running],
      );
      if (rows.length === 0) return;
      await pause(LOOK_EVERY_MS);
    }
  }
}

async function lockQueued(manager: EntityManager, jobId: string): Promise<Queued[]> {
  return manager.query<Queued[]>(
    `SELECT generation, occurrence, next_occurrence FROM external_jobs WHERE job_id = $1 FOR UPDATE`,
    [jobId],
  );
}

function patternOf(cron: string): LocalPattern {
  try {
    return localPattern(cron);
  } catch {
    const message = 'must be a cron pattern of 5 fields, or 6 with seconds first, that matches some time';
    throw new KindlineError('validation_failed', `cron: ${message}`, {
      errors: [{ path: 'cron', message }],
    });
  }
}

function view({ generation: _generation, payload, ...row }: Row): JobView {
  return {
    job_id: row.job_id,
    status: row.status,
    run_at: row.run_at?.toISOString() ?? null,
    cron: row.cron,
    time_zone: row.time_zone,
    callback_url: row.callback_url,
    event: row.event,
    payload: payload === null ? null : (JSON.parse(payload) as unknown),
    next_run_at: row.next_run_at?.toISOString() ?? null,
    last_run_at: row.last_run_at?.toISOString() ?? null,
    attempts: row.attempts,
    last_error: row.last_error,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  };
}
