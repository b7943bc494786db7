import type { MigrationInterface, QueryRunner } from 'typeorm';
import { appendFunction } from './append-function';

/** One least distance of pushes per person and program instead of one per conversation; pushes that expire. */
export class PushWindows1700000000005 implements MigrationInterface {
  name = 'PushWindows1700000000005';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
    await replaceAppendFunctions(runner, { throttle: false });
    await runner.query(`ALTER TABLE conversation_members DROP COLUMN last_push_at`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE conversation_members ADD COLUMN last_push_at timestamptz`);
    await replaceAppendFunctions(runner, { throttle: true });
    await runner.query(`ALTER TABLE help_requests DROP COLUMN pushed_at`);
    await runner.query(`ALTER TABLE notifications DROP COLUMN folded, DROP COLUMN expires_at`);
    await runner.query(`DROP TABLE push_windows`);
  }
}

async function replaceAppendFunctions(runner: QueryRunner, { throttle }: { throttle: boolean }) {
  await runner.query(`DROP FUNCTION append_messages, append_messages_again`);
  await runner.query(appendFunction('append_messages', { careful: false, throttle }));
  await runner.query(appendFunction('append_messages_again', { careful: true, throttle }));
}

const STATEMENTS = [
  `CREATE TABLE push_windows (
    person_id uuid NOT NULL,
    program text NOT NULL,
    next_at timestamptz NOT NULL,
    suppressed integer NOT NULL DEFAULT 0,
    folded integer NOT NULL DEFAULT 0,
    held jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT push_windows_pkey PRIMARY KEY (person_id, program)
  )`,
  `CREATE INDEX push_windows_held ON push_windows (next_at) WHERE held <> '{}'`,
  `ALTER TABLE push_windows ADD CONSTRAINT push_windows_person_fk FOREIGN KEY (person_id) REFERENCES people(id) ON DELETE CASCADE`,
  `ALTER TABLE notifications ADD COLUMN folded integer NOT NULL DEFAULT 0, ADD COLUMN expires_at timestamptz`,
  `ALTER TABLE help_requests ADD COLUMN pushed_at timestamptz`,
];
