import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The table of jobs that backends schedule. */
export class ExternalJobs1700000000004 implements MigrationInterface {
  name = 'ExternalJobs1700000000004';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE external_jobs');
  }
}

const STATEMENTS = [
  `CREATE TABLE external_jobs (
    job_id text NOT NULL,
    generation uuid NOT NULL,
    run_at timestamptz,
    cron text,
    time_zone text,
    callback_url text,
    event text,
    payload json,
    status text NOT NULL,
    next_occurrence timestamptz,
    occurrence timestamptz,
    retry_at timestamptz,
    last_run_at timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    last_error text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    created_by text NOT NULL,
    CONSTRAINT external_jobs_status CHECK (status IN ('scheduled', 'running', 'completed', 'failed')),
    CONSTRAINT external_jobs_when
      CHECK ((run_at IS NULL) <> (cron IS NULL) AND (cron IS NULL) = (time_zone IS NULL)),
    CONSTRAINT external_jobs_target CHECK ((callback_url IS NULL) <> (event IS NULL)),
    CONSTRAINT external_jobs_pkey PRIMARY KEY (job_id)
  )`,
  `CREATE UNIQUE INDEX external_jobs_newest ON external_jobs (generation)`,
  `CREATE INDEX external_jobs_by_status ON external_jobs (status, generation)`,
  `CREATE INDEX external_jobs_ended ON external_jobs (updated_at)
    WHERE status IN ('completed', 'failed') AND cron IS NULL`,
];
