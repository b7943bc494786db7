import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** A job that a backend scheduled: a callback or an event, once or by cron. */
@Entity('external_jobs')
@Check('external_jobs_status', "status IN ('scheduled', 'running', 'completed', 'failed')")
@Check('external_jobs_when', '(run_at IS NULL) <> (cron IS NULL) AND (cron IS NULL) = (time_zone IS NULL)')
@Check('external_jobs_target', '(callback_url IS NULL) <> (event IS NULL)')
@Index('external_jobs_newest', ['generation'], { unique: true })
@Index('external_jobs_by_status', ['status', 'generation'])
@Index('external_jobs_ended', ['updatedAt'], {
  where: "status IN ('completed', 'failed') AND cron IS NULL",
})
export class ExternalJobRow {
  /** The caller's own id. */
  @PrimaryColumn('text')
  jobId!: string;

  /** New whenever the job is added or replaced (UUID v7); whatever belongs to an earlier one does nothing. */
  @Column('uuid')
  generation!: string;

  @Column('timestamptz', { nullable: true })
  runAt!: Date | null;

  @Column('text', { nullable: true })
  cron!: string | null;

  @Column('text', { nullable: true })
  timeZone!: string | null;

  @Column('text', { nullable: true })
  callbackUrl!: string | null;

  @Column('text', { nullable: true })
  event!: string | null;

  /** `json` and not `jsonb`: it is sent as it came and never looked into. */
  @Column('json', { nullable: true })
  payload!: unknown;

  @Column('text')
  status!: 'scheduled' | 'running' | 'completed' | 'failed';

  /** What has been queued and not begun. */
  @Column('timestamptz', { nullable: true })
  nextOccurrence!: Date | null;

  /** The latest that has begun; attempts, status and retry are this one's. */
  @Column('timestamptz', { nullable: true })
  occurrence!: Date | null;

  @Column('timestamptz', { nullable: true })
  retryAt!: Date | null;

  @Column('timestamptz', { nullable: true })
  lastRunAt!: Date | null;

  @Column('integer', { default: 0 })
  attempts!: number;

  @Column('text', { nullable: true })
  lastError!: string | null;

  @Column('timestamptz')
  createdAt!: Date;

  @Column('timestamptz')
  updatedAt!: Date;

  /** `service:<fingerprint>` */
  @Column('text')
  createdBy!: string;
}
