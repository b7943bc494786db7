import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Booking notifications and facilitators' sessions. */
export class Bookings1700000000003 implements MigrationInterface {
  name = 'Bookings1700000000003';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE facilitator_sessions, booking_notifications');
  }
}

const STATEMENTS = [
  `CREATE TABLE booking_notifications (
    id uuid NOT NULL,
    facilitator_id text NOT NULL,
    dedupe_key text NOT NULL,
    booking json NOT NULL,
    source text NOT NULL,
    created_at timestamptz NOT NULL,
    was_online boolean NOT NULL,
    emitted_at timestamptz,
    delivered_at timestamptz,
    read_at timestamptz,
    push_due_at timestamptz,
    CONSTRAINT booking_notifications_pkey PRIMARY KEY (id)
  )`,
  `CREATE UNIQUE INDEX booking_notifications_dedupe_key ON booking_notifications (dedupe_key)`,
  `CREATE INDEX booking_notifications_undelivered ON booking_notifications (facilitator_id, id) WHERE delivered_at IS NULL`,
  `CREATE INDEX booking_notifications_unread ON booking_notifications (facilitator_id, id) WHERE read_at IS NULL`,
  `CREATE INDEX booking_notifications_push_due ON booking_notifications (push_due_at) WHERE push_due_at IS NOT NULL`,
  `CREATE TABLE facilitator_sessions (
    id uuid NOT NULL,
    facilitator_id text NOT NULL,
    gateway_id text NOT NULL,
    socket_id text NOT NULL,
    connected_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    ended_at timestamptz,
    CONSTRAINT facilitator_sessions_pkey PRIMARY KEY (id)
  )`,
  `CREATE INDEX facilitator_sessions_open ON facilitator_sessions (facilitator_id) WHERE ended_at IS NULL`,
  `CREATE INDEX facilitator_sessions_gateway ON facilitator_sessions (gateway_id) WHERE ended_at IS NULL`,
];
