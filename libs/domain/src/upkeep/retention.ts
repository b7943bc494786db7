import { Inject, Injectable, Logger } from '@nestjs/common';
import { QUEUES } from '@kindline/database';
import { CLOCK, type Clock } from '@kindline/platform';
import { DataSource } from 'typeorm';
import { AUDITED_SESSIONS } from '../anonymous/session-audit';

const DAY_MS = 86_400_000;
const CRON_RUNS_DAYS = 30;
/** So that nothing of a text is left at its age, not some time after it. */
const FORGET_TEXTS_EVERY_MS = 5 * 60_000;
const PUSH_WINDOWS_DAYS = 1;
/** What was asked about anonymous sessions, also by whom they do not lead to any more. */
const SESSION_AUDIT_DAYS = 1;

export interface RetentionSettings {
  /** Absent: ended conversations and their messages are kept for ever. */
  conversationsDays?: number | undefined;
  /** The delivery log, the inbox, and announcements that are finished. */
  deliveriesDays: number;
  /** Bookings that were received; those that still wait for their facilitator are never removed. */
  bookingsDays: number;
  /** Facilitators' sessions that have ended. */
  facilitatorSessionsDays: number;
  requestTextsHours: number;
  /** Jobs that were given up, and backends' jobs that have ended, for whoever wants to look at them. */
  jobsDays: number;
  /** Most rows removed by one statement. */
  batchSize: number;
}
export const RETENTION_SETTINGS = Symbol('RETENTION_SETTINGS');

/** The lowest id of that moment: version 7 ids begin with 48 bits of milliseconds. */
const ID_AT = `(lpad(to_hex(floor(extract(epoch FROM $1::timestamptz) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid`;

/** Removes what has been kept long enough, in small batches, so that no one waits behind it. */
@Injectable()
export class Retention {
  private readonly logger = new Logger(Retention.name);

  constructor(
    private readonly dataSource: DataSource,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RETENTION_SETTINGS) private readonly settings: RetentionSettings,
  ) {}

  async run(): Promise<void> {
    const { conversationsDays, deliveriesDays, bookingsDays, facilitatorSessionsDays, jobsDays } =
      this.settings;
    const removed: Record<string, number> = {};
    removed['notifications'] = await this.repeat(
      `DELETE FROM notifications WHERE id IN (
        SELECT n.id FROM notifications n LEFT JOIN campaigns c ON c.id = n.campaign_id
        WHERE n.created_at < $1 AND (n.campaign_id IS NULL OR c.finished_at < $1)
        ORDER BY n.created_at LIMIT $2)`,
      deliveriesDays * DAY_MS,
    );
    removed['announcements'] = await this.repeat(
      `DELETE FROM campaigns WHERE id IN (
        SELECT id FROM campaigns c WHERE finished_at < $1
          AND NOT EXISTS (SELECT FROM notifications n WHERE n.campaign_id = c.id) ORDER BY id LIMIT $2)`,
      deliveriesDays * DAY_MS,
    );
    removed['pushWindows'] = await this.repeat(
      `DELETE FROM push_windows WHERE (person_id, program) IN (
        SELECT person_id, program FROM push_windows WHERE next_at < $1 AND held = '{}' LIMIT $2)`,
      PUSH_WINDOWS_DAYS * DAY_MS,
    );
    // By their ids, which grow with time: no index is kept for this alone.
    removed['bookings'] = await this.repeat(
      `DELETE FROM booking_notifications WHERE id IN (
        SELECT id FROM booking_notifications
        WHERE id < ${ID_AT} AND delivered_at IS NOT NULL ORDER BY id LIMIT $2)`,
      bookingsDays * DAY_MS,
    );
    removed['facilitatorSessions'] = await this.repeat(
      `DELETE FROM facilitator_sessions WHERE id IN (
        SELECT id FROM facilitator_sessions WHERE id < ${ID_AT} AND ended_at < $1 ORDER BY id LIMIT $2)`,
      facilitatorSessionsDays * DAY_MS,
    );
    removed['sessionAudit'] = await this.repeat(
      `DELETE FROM audit_log WHERE id IN (
        SELECT id FROM audit_log WHERE id < ${ID_AT} AND ${AUDITED_SESSIONS} ORDER BY id LIMIT $2)`,
      SESSION_AUDIT_DAYS * DAY_MS,
    );
    if (conversationsDays !== undefined) {
      removed['conversations'] = await this.repeat(
        `WITH old AS MATERIALIZED (
          SELECT id, request_id FROM conversations WHERE status = 'ended' AND ended_at < $1 ORDER BY ended_at LIMIT $2
        ), requests AS (DELETE FROM help_requests WHERE id IN (SELECT request_id FROM old))
        DELETE FROM conversations WHERE id IN (SELECT id FROM old)`,
        conversationsDays * DAY_MS,
      );
    }
    for (const queue of QUEUES) {
      removed[`${queue}Jobs`] = await this.repeat(
        `DELETE FROM ${queue}._private_jobs WHERE id IN (
          SELECT id FROM ${queue}._private_jobs
          WHERE attempts >= max_attempts AND locked_at IS NULL AND updated_at < $1 LIMIT $2)`,
        jobsDays * DAY_MS,
      );
    }
    removed['backendJobs'] = await this.repeat(
      `DELETE FROM external_jobs WHERE job_id IN (
        SELECT job_id FROM external_jobs
        WHERE status IN ('completed', 'failed') AND cron IS NULL AND updated_at < $1 LIMIT $2)`,
      jobsDays * DAY_MS,
    );
    removed['cronRuns'] = await this.repeat(
      `DELETE FROM cron_runs WHERE (task, occurrence) IN (
        SELECT task, occurrence FROM cron_runs WHERE occurrence < $1 LIMIT $2)`,
      CRON_RUNS_DAYS * DAY_MS,
    );
    this.logger.log({ removed }, 'retention');
  }

  /** Removes what seekers wrote into requests that came to nothing; to be run every few minutes. */
  async forgetTexts(): Promise<void> {
    const keepMs = this.settings.requestTextsHours * 3_600_000 - FORGET_TEXTS_EVERY_MS;
    const requestTexts = await this.repeat(
      `UPDATE help_requests SET note = NULL WHERE id IN (
        SELECT id FROM help_requests
        WHERE note IS NOT NULL AND status IN ('cancelled', 'expired') AND closed_at <= $1 LIMIT $2)`,
      Math.max(keepMs, 0),
    );
    if (requestTexts > 0) this.logger.log({ removed: { requestTexts } }, 'retention');
  }

  private async repeat(sql: string, keepMs: number): Promise<number> {
    const { batchSize } = this.settings;
    const before = new Date(this.clock.now().getTime() - keepMs);
    let total = 0;
    for (;;) {
      const [, count] = await this.dataSource.query<[unknown[], number]>(sql, [before, batchSize]);
      total += count;
      if (count < batchSize) return total;
    }
  }
}
