import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Voice calls. */
export class Calls1700000000006 implements MigrationInterface {
  name = 'Calls1700000000006';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE call_records');
  }
}

const STATEMENTS = [
  `CREATE TABLE call_records (
    id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    number integer NOT NULL,
    caller_id uuid NOT NULL,
    callee_id uuid NOT NULL,
    status text NOT NULL,
    version integer NOT NULL DEFAULT 1,
    started_at timestamptz NOT NULL,
    answered_at timestamptz,
    ended_at timestamptz,
    ended_by uuid,
    end_reason text,
    caller_quality jsonb,
    callee_quality jsonb,
    caller_socket text,
    caller_gateway text,
    callee_socket text,
    callee_gateway text,
    caller_carrier_since timestamptz,
    callee_carrier_since timestamptz,
    caller_next_socket text,
    caller_next_gateway text,
    callee_next_socket text,
    callee_next_gateway text,
    caller_lost_at timestamptz,
    callee_lost_at timestamptz,
    ringing jsonb,
    answer jsonb,
    offered_by text,
    CONSTRAINT call_records_status CHECK (status IN ('ringing', 'active', 'ended')),
    CONSTRAINT call_records_ended
      CHECK ((status = 'ended') = (ended_at IS NOT NULL AND end_reason IS NOT NULL)),
    CONSTRAINT call_records_answered CHECK (status <> 'active' OR answered_at IS NOT NULL),
    CONSTRAINT call_records_ringing CHECK (ringing IS NULL OR status = 'ringing'),
    CONSTRAINT call_records_answer CHECK (answer IS NULL OR status = 'active'),
    CONSTRAINT call_records_pkey PRIMARY KEY (id),
    CONSTRAINT call_records_conversation_fk
      FOREIGN KEY (conversation_id) REFERENCES conversations (id) ON DELETE CASCADE,
    CONSTRAINT call_records_caller_fk FOREIGN KEY (caller_id) REFERENCES people (id) ON DELETE CASCADE,
    CONSTRAINT call_records_callee_fk FOREIGN KEY (callee_id) REFERENCES people (id) ON DELETE CASCADE
  )`,
  `CREATE UNIQUE INDEX call_records_live ON call_records (conversation_id) WHERE status <> 'ended'`,
  `CREATE INDEX call_records_live_caller ON call_records (caller_id) WHERE status <> 'ended'`,
  `CREATE INDEX call_records_live_callee ON call_records (callee_id) WHERE status <> 'ended'`,
  `CREATE UNIQUE INDEX call_records_number_key ON call_records (conversation_id, number)`,
];
