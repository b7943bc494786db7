import { Inject, Injectable, Logger } from '@nestjs/common';
import { enqueue, inTransaction, type JobPayload, updated } from '@kindline/database';
import { CLOCK, type Clock } from '@kindline/platform';
import { DataSource, type EntityManager } from 'typeorm';
import type { JobContext, TaskHandlers } from '../jobs/job-worker';
import { Callback, type Failure } from './callback';
import { occurrenceJob, occurrenceKey, RUN_EXTERNAL_JOB } from './external-jobs';
import { EventNotSentError, JOB_EVENTS, type JobEvents } from './job-events';
import { localPattern, nextInstant } from './schedule';

/** One attempt of one occurrence of one generation of a job. */
interface Attempt {
  jobId: string;
  generation: string;
  occurrence: Date;
  job: JobContext;
}

interface Begun {
  cron: string | null;
  time_zone: string | null;
  callback_url: string | null;
  event: string | null;
  payload: string | null;
  next_occurrence: Date | null;
}

/** Set on an event's row in the queue while it counts as published. */
const PUBLISHED = 'published';

/** Runs what is due. Whatever was removed or replaced meanwhile finds nothing to do. */
@Injectable()
export class RunExternalJob {
  private readonly logger = new Logger(RunExternalJob.name);

  constructor(
    private readonly dataSource: DataSource,
    private readonly callback: Callback,
    @Inject(JOB_EVENTS) private readonly events: JobEvents,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  readonly tasks: TaskHandlers = { [RUN_EXTERNAL_JOB]: (payload, job) => this.run(payload, job) };

  private async run(payload: JobPayload, job: JobContext): Promise<void> {
    const attempt: Attempt = {
      jobId: String(payload['jobId']),
      generation: String(payload['generation']),
      occurrence: new Date(String(payload['occurrence'])),
      job,
    };
    // Whoever published it was killed before the queue knew: at most once means not again.
    if (payload[PUBLISHED] === true) return this.succeeded(attempt);
    const begun = await inTransaction(this.dataSource, (manager) => this.begin(manager, attempt));
    if (!begun) return;
    const failure = await this.attempt(begun, attempt);
    if (failure) await this.failed(attempt, failure);
    else await this.succeeded(attempt);
  }

  /**
   * Marks the attempt as running, if its job still stands, and queues a cron job's next occurrence, so that
   * those go on while this one may have to be tried again.
   */
  private async begin(manager: EntityManager, attempt: Attempt): Promise<Begun | undefined> {
    const { jobId, generation, occurrence, job } = attempt;
    const now = this.clock.now();
    const [begun] = await updated<Begun>(
      manager,
      `UPDATE external_jobs SET
        status = CASE WHEN latest THEN 'running' ELSE status END,
        attempts = CASE WHEN latest THEN $4 ELSE attempts END,
        retry_at = CASE WHEN latest THEN NULL ELSE retry_at END,
        occurrence = greatest(occurrence, $3),
        next_occurrence = CASE WHEN cron IS NULL THEN NULL ELSE next_occurrence END,
        last_run_at = $5, updated_at = $5
      FROM (SELECT coalesce(occurrence <= $3, true) AS latest FROM external_jobs
        WHERE job_id = $1 AND generation = $2 FOR UPDATE) found
      WHERE job_id = $1 AND generation = $2 AND (cron IS NOT NULL OR status NOT IN ('completed', 'failed'))
      RETURNING cron, time_zone, callback_url, event, payload::text AS payload, next_occurrence`,
      [jobId, generation, occurrence, job.attempts, now],
    );
    if (!begun) return undefined;
    if (begun.next_occurrence?.getTime() === occurrence.getTime()) {
      await this.queueNext(manager, attempt, begun, now);
    }
    // Committed as published before it is published: whoever is killed in between does not publish it again.
    if (begun.event !== null) await this.markPublished(manager, job, true);
    return begun;
  }

  /** From now on and not from this occurrence: what a downtime left out is made up for once. */
  private async queueNext(
    manager: EntityManager,
    { jobId, generation, occurrence }: Attempt,
    { cron, time_zone }: Begun,
    now: Date,
  ): Promise<void> {
    if (cron === null || time_zone === null) return;
    const next = nextInstant(localPattern(cron), time_zone, now > occurrence ? now : occurrence);
    await manager.query(
      `UPDATE external_jobs SET next_occurrence = $3 WHERE job_id = $1 AND generation = $2`,
      [jobId, generation, next],
    );
    await enqueue(manager, occurrenceJob(jobId, generation, next));
  }

  private async attempt(begun: Begun, { generation, occurrence }: Attempt): Promise<Failure | undefined> {
    const json = begun.payload ?? '{}';
    if (begun.callback_url !== null) {
      return this.callback.post(begun.callback_url, json, occurrenceKey(generation, occurrence));
    }
    try {
      await this.events.publish(String(begun.event), JSON.parse(json));
      return undefined;
    } catch (error) {
      if (error instanceof EventNotSentError) return { message: error.message, final: false };
      return {
        message: 'Redis broke off: somebody may have heard the event, so it is not published again',
        final: true,
      };
    }
  }

  private async succeeded({ jobId, generation, occurrence }: Attempt): Promise<void> {
    await this.dataSource.query(
      `UPDATE external_jobs SET status = CASE WHEN cron IS NULL THEN 'completed' ELSE 'scheduled' END,
        last_error = NULL, retry_at = NULL, updated_at = $4
      WHERE job_id = $1 AND generation = $2 AND occurrence = $3`,
      [jobId, generation, occurrence, this.clock.now()],
    );
  }

  /** @throws Error to be tried again by the queue, unless that was the last time or nobody wants it any more */
  private async failed(attempt: Attempt, { message, final }: Failure): Promise<void> {
    const { jobId, generation, occurrence, job } = attempt;
    const last = final || job.attempts >= job.maxAttempts;
    const now = this.clock.now();
    const stands = await inTransaction(this.dataSource, async (manager) => {
      const rows = await updated<{ event: string | null }>(
        manager,
        // One that was overtaken by a later occurrence shows when it is given up and none has succeeded since.
        `UPDATE external_jobs SET
          status = CASE WHEN $5 AND (occurrence = $3 OR last_error IS NOT NULL) THEN 'failed'
            WHEN occurrence = $3 THEN 'scheduled' ELSE status END,
          last_error = CASE WHEN occurrence = $3 OR last_error IS NOT NULL THEN $4 ELSE last_error END,
          retry_at = CASE WHEN occurrence = $3 THEN $6 ELSE retry_at END, updated_at = $7
        WHERE job_id = $1 AND generation = $2 RETURNING event`,
        [jobId, generation, occurrence, message, last, last ? null : retryAt(now, job.attempts), now],
      );
      if (rows[0]?.event && !last) await this.markPublished(manager, job, false);
      return rows.length > 0;
    });
    if (stands && !last) throw new Error(message);
    if (!stands) return;
    this.logger.warn({ jobId, attempts: job.attempts, reason: message }, 'a job of a backend was given up');
  }

  private async markPublished(manager: EntityManager, job: JobContext, published: boolean): Promise<void> {
    await manager.query(
      `UPDATE external._private_jobs SET payload = (payload::jsonb || jsonb_build_object($2::text, $3::boolean))::json
      WHERE id = $1`,
      [job.id, PUBLISHED, published],
    );
  }
}

/** When graphile-worker tries again. */
function retryAt(now: Date, attempts: number): Date {
  return new Date(now.getTime() + Math.exp(Math.min(attempts, 10)) * 1_000);
}
