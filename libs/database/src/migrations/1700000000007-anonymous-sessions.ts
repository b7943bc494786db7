import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Anonymous sessions: who asked and who has them. */
export class AnonymousSessions1700000000007 implements MigrationInterface {
  name = 'AnonymousSessions1700000000007';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE notifications DROP COLUMN session_id');
    await runner.query('DROP TABLE anonymous_sessions');
  }
}

const STATEMENTS = [
  `CREATE TABLE anonymous_sessions (
    id uuid NOT NULL,
    program text NOT NULL,
    seeker_id uuid NOT NULL,
    helper_id uuid,
    status text NOT NULL,
    version integer NOT NULL DEFAULT 1,
    returned boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    lost_at timestamptz,
    ended_at timestamptz,
    ended_by text,
    check_at timestamptz NOT NULL,
    seeker_push_due_at timestamptz,
    helper_push_due_at timestamptz,
    CONSTRAINT anonymous_sessions_status CHECK (status IN ('queued', 'active', 'ended')),
    CONSTRAINT anonymous_sessions_active CHECK (status <> 'active' OR helper_id IS NOT NULL),
    CONSTRAINT anonymous_sessions_queued CHECK (status <> 'queued' OR helper_id IS NULL),
    CONSTRAINT anonymous_sessions_ended CHECK ((status = 'ended') = (ended_at IS NOT NULL)),
    CONSTRAINT anonymous_sessions_ended_by CHECK (ended_by IN ('seeker', 'helper', 'system')),
    CONSTRAINT anonymous_sessions_pkey PRIMARY KEY (id),
    CONSTRAINT anonymous_sessions_seeker_fk FOREIGN KEY (seeker_id) REFERENCES people (id) ON DELETE CASCADE,
    CONSTRAINT anonymous_sessions_helper_fk FOREIGN KEY (helper_id) REFERENCES people (id) ON DELETE RESTRICT
  )`,
  `CREATE UNIQUE INDEX anonymous_sessions_one_open ON anonymous_sessions (seeker_id, program)
    WHERE status <> 'ended'`,
  `CREATE INDEX anonymous_sessions_queue ON anonymous_sessions (program, created_at) WHERE status = 'queued'`,
  `CREATE INDEX anonymous_sessions_load ON anonymous_sessions (helper_id, program) WHERE status = 'active'`,
  `CREATE INDEX anonymous_sessions_check ON anonymous_sessions (check_at)`,
  `CREATE INDEX anonymous_sessions_seeker_push ON anonymous_sessions (seeker_push_due_at)
    WHERE seeker_push_due_at IS NOT NULL`,
  `CREATE INDEX anonymous_sessions_helper_push ON anonymous_sessions (helper_push_due_at)
    WHERE helper_push_due_at IS NOT NULL`,
  // What was told about a session is forgotten with it.
  `ALTER TABLE notifications ADD COLUMN session_id uuid,
    ADD CONSTRAINT notifications_session_fk
      FOREIGN KEY (session_id) REFERENCES anonymous_sessions (id) ON DELETE CASCADE`,
  `CREATE INDEX notifications_session ON notifications (session_id) WHERE session_id IS NOT NULL`,
];
