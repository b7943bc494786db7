import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The tables of people, requests, conversations and notifications. */
export class Initial1700000000001 implements MigrationInterface {
  name = 'Initial1700000000001';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of TABLES) await runner.query(`DROP TABLE ${table} CASCADE`);
  }
}

const STATEMENTS = [
  `CREATE TABLE people (
    id uuid NOT NULL,
    sub text NOT NULL,
    email text,
    name text,
    registered_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT people_email_lower CHECK (email = lower(email)),
    CONSTRAINT people_pkey PRIMARY KEY (id)
  )`,
  `CREATE UNIQUE INDEX people_sub_key ON people (sub)`,
  `CREATE UNIQUE INDEX people_email_key ON people (email)`,
  `CREATE TABLE person_roles (
    person_id uuid NOT NULL,
    role text NOT NULL,
    seen_at timestamptz NOT NULL,
    CONSTRAINT person_roles_pkey PRIMARY KEY (person_id, role)
  )`,
  `CREATE INDEX person_roles_by_role ON person_roles (role, seen_at)`,
  `CREATE TABLE helper_profiles (
    person_id uuid NOT NULL,
    available boolean NOT NULL DEFAULT false,
    active boolean NOT NULL DEFAULT true,
    lead boolean NOT NULL DEFAULT false,
    capacities jsonb NOT NULL DEFAULT '{}',
    updated_at timestamptz NOT NULL,
    CONSTRAINT helper_profiles_pkey PRIMARY KEY (person_id)
  )`,
  `CREATE INDEX helper_profiles_available ON helper_profiles (person_id) WHERE available AND active`,
  `CREATE INDEX helper_profiles_leads ON helper_profiles (person_id) WHERE lead AND active`,
  `CREATE TABLE push_tokens (
    id uuid NOT NULL,
    person_id uuid NOT NULL,
    token text NOT NULL,
    platform text NOT NULL,
    created_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    validated_at timestamptz,
    CONSTRAINT push_tokens_platform CHECK (platform IN ('android', 'ios', 'web')),
    CONSTRAINT push_tokens_pkey PRIMARY KEY (id)
  )`,
  `CREATE UNIQUE INDEX push_tokens_token_key ON push_tokens (token)`,
  `CREATE INDEX push_tokens_person ON push_tokens (person_id)`,
  `CREATE TABLE audit_log (
    id uuid NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    person_id uuid,
    subject text,
    CONSTRAINT audit_log_pkey PRIMARY KEY (id)
  )`,
  `CREATE INDEX audit_log_at ON audit_log (at)`,
  `CREATE TABLE help_requests (
    id uuid NOT NULL,
    program text NOT NULL,
    seeker_id uuid NOT NULL,
    type text NOT NULL,
    note text,
    status text NOT NULL,
    round integer NOT NULL DEFAULT 1,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    accepted_at timestamptz,
    accepted_by uuid,
    closed_at timestamptz,
    CONSTRAINT help_requests_accepted CHECK ((status = 'accepted') = (accepted_by IS NOT NULL)),
    CONSTRAINT help_requests_status CHECK (status IN ('pending', 'accepted', 'cancelled', 'expired')),
    CONSTRAINT help_requests_pkey PRIMARY KEY (id)
  )`,
  `CREATE INDEX help_requests_texts ON help_requests (closed_at) WHERE note IS NOT NULL AND status IN ('cancelled', 'expired')`,
  `CREATE INDEX help_requests_seeker ON help_requests (seeker_id, created_at)`,
  `CREATE INDEX help_requests_pending ON help_requests (program, created_at) WHERE status = 'pending'`,
  `CREATE UNIQUE INDEX help_requests_one_pending ON help_requests (seeker_id, program) WHERE status = 'pending'`,
  `CREATE TABLE invitations (
    request_id uuid NOT NULL,
    helper_id uuid NOT NULL,
    status text NOT NULL,
    round integer NOT NULL,
    invited_at timestamptz NOT NULL,
    answered_at timestamptz,
    CONSTRAINT invitations_status CHECK (status IN ('invited', 'accepted', 'rejected', 'withdrawn')),
    CONSTRAINT invitations_pkey PRIMARY KEY (request_id, helper_id)
  )`,
  `CREATE INDEX invitations_helper ON invitations (helper_id) WHERE status = 'invited'`,
  `CREATE UNIQUE INDEX invitations_one_accepted ON invitations (request_id) WHERE status = 'accepted'`,
  `CREATE TABLE conversations (
    id uuid NOT NULL,
    program text NOT NULL,
    request_id uuid,
    status text NOT NULL,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    started_at timestamptz,
    last_activity_at timestamptz NOT NULL,
    last_message_at timestamptz,
    last_seq integer NOT NULL DEFAULT 0,
    warned_for timestamptz,
    ended_at timestamptz,
    ended_by text,
    end_reason text,
    tags text array NOT NULL DEFAULT '{}',
    flag_reason text NOT NULL DEFAULT '',
    CONSTRAINT conversations_ended_by CHECK (ended_by IN ('seeker', 'helper', 'system')),
    CONSTRAINT conversations_ended CHECK ((status = 'ended') = (ended_at IS NOT NULL)),
    CONSTRAINT conversations_status CHECK (status IN ('active', 'ended')),
    CONSTRAINT conversations_pkey PRIMARY KEY (id)
  )`,
  `CREATE UNIQUE INDEX conversations_request_key ON conversations (request_id)`,
  `CREATE INDEX conversations_ended_at ON conversations (ended_at) WHERE status = 'ended'`,
  `CREATE INDEX conversations_active ON conversations (program) WHERE status = 'active'`,
  `CREATE TABLE conversation_members (
    conversation_id uuid NOT NULL,
    person_id uuid NOT NULL,
    role text NOT NULL,
    program text NOT NULL,
    open boolean NOT NULL DEFAULT true,
    joined_at timestamptz NOT NULL,
    first_opened_at timestamptz,
    last_opened_at timestamptz,
    last_read_seq integer NOT NULL DEFAULT 0,
    push_due_at timestamptz,
    last_push_at timestamptz,
    CONSTRAINT conversation_members_role CHECK (role IN ('seeker', 'helper')),
    CONSTRAINT conversation_members_pkey PRIMARY KEY (conversation_id, person_id)
  )`,
  `CREATE INDEX conversation_members_push_due ON conversation_members (push_due_at) WHERE push_due_at IS NOT NULL`,
  `CREATE INDEX conversation_members_person ON conversation_members (person_id, conversation_id)`,
  `CREATE INDEX conversation_members_open ON conversation_members (person_id, program, role, conversation_id) WHERE open`,
  `CREATE TABLE messages (
    conversation_id uuid NOT NULL,
    seq integer NOT NULL,
    id uuid NOT NULL,
    sender_id uuid,
    client_id text,
    type text NOT NULL,
    content text NOT NULL,
    reply_to jsonb,
    created_at timestamptz NOT NULL,
    CONSTRAINT messages_type CHECK (type IN ('text', 'voice', 'system')),
    CONSTRAINT messages_pkey PRIMARY KEY (conversation_id, seq)
  )`,
  `CREATE UNIQUE INDEX messages_client_id_key ON messages (conversation_id, sender_id, client_id) WHERE client_id IS NOT NULL`,
  `CREATE TABLE message_reads (
    conversation_id uuid NOT NULL,
    person_id uuid NOT NULL,
    up_to_seq integer NOT NULL,
    read_at timestamptz NOT NULL,
    CONSTRAINT message_reads_pkey PRIMARY KEY (conversation_id, person_id, up_to_seq)
  )`,
  `CREATE TABLE feedback (
    conversation_id uuid NOT NULL,
    seeker_id uuid NOT NULL,
    helper_id uuid,
    rating integer NOT NULL,
    comment text,
    created_at timestamptz NOT NULL,
    CONSTRAINT feedback_rating CHECK (rating BETWEEN 1 AND 5),
    CONSTRAINT feedback_pkey PRIMARY KEY (conversation_id)
  )`,
  `CREATE INDEX feedback_helper ON feedback (helper_id)`,
  `CREATE TABLE notifications (
    id uuid NOT NULL,
    person_id uuid NOT NULL,
    kind text NOT NULL,
    dedupe_key text,
    program text,
    request_id uuid,
    conversation_id uuid,
    sender_id uuid,
    title text NOT NULL,
    body text NOT NULL,
    channel_key text NOT NULL,
    screen text NOT NULL,
    priority text NOT NULL,
    only_absent boolean NOT NULL,
    created_at timestamptz NOT NULL,
    settled_at timestamptz,
    CONSTRAINT notifications_priority CHECK (priority IN ('high', 'normal')),
    CONSTRAINT notifications_pkey PRIMARY KEY (id)
  )`,
  `CREATE UNIQUE INDEX notifications_dedupe_key ON notifications (dedupe_key)`,
  `CREATE INDEX notifications_created ON notifications (created_at)`,
  `CREATE INDEX notifications_person ON notifications (person_id, created_at)`,
  `CREATE TABLE notification_deliveries (
    id uuid NOT NULL,
    notification_id uuid NOT NULL,
    push_token_id uuid,
    token_hash text NOT NULL,
    token_mask text,
    status text NOT NULL,
    reason text,
    attempts integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT notification_deliveries_status CHECK (status IN ('pending', 'accepted', 'rejected', 'unknown', 'skipped')),
    CONSTRAINT notification_deliveries_pkey PRIMARY KEY (id)
  )`,
  `CREATE INDEX notification_deliveries_created ON notification_deliveries (created_at)`,
  `CREATE UNIQUE INDEX notification_deliveries_token_key ON notification_deliveries (notification_id, token_hash)`,
  `CREATE TABLE notification_templates (
    id text NOT NULL,
    title text NOT NULL,
    body text NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT notification_templates_pkey PRIMARY KEY (id)
  )`,
  `CREATE TABLE worker_heartbeats (
    worker_id text NOT NULL,
    queue text NOT NULL,
    seen_at timestamptz NOT NULL,
    CONSTRAINT worker_heartbeats_pkey PRIMARY KEY (worker_id)
  )`,
  `CREATE INDEX worker_heartbeats_seen ON worker_heartbeats (seen_at)`,
  `CREATE TABLE cron_runs (
    task text NOT NULL,
    occurrence timestamptz NOT NULL,
    started_at timestamptz NOT NULL,
    CONSTRAINT cron_runs_pkey PRIMARY KEY (task, occurrence)
  )`,
  `ALTER TABLE person_roles ADD CONSTRAINT person_roles_person_fk FOREIGN KEY (person_id) REFERENCES people(id) ON DELETE CASCADE`,
  `ALTER TABLE helper_profiles ADD CONSTRAINT helper_profiles_person_fk FOREIGN KEY (person_id) REFERENCES people(id) ON DELETE CASCADE`,
  `ALTER TABLE push_tokens ADD CONSTRAINT push_tokens_person_fk FOREIGN KEY (person_id) REFERENCES people(id) ON DELETE CASCADE`,
  `ALTER TABLE help_requests ADD CONSTRAINT help_requests_seeker_fk FOREIGN KEY (seeker_id) REFERENCES people(id) ON DELETE CASCADE`,
  `ALTER TABLE help_requests ADD CONSTRAINT help_requests_accepted_by_fk FOREIGN KEY (accepted_by) REFERENCES people(id) ON DELETE RESTRICT`,
  `ALTER TABLE invitations ADD CONSTRAINT invitations_request_fk FOREIGN KEY (request_id) REFERENCES help_requests(id) ON DELETE CASCADE`,
  `ALTER TABLE invitations ADD CONSTRAINT invitations_helper_fk FOREIGN KEY (helper_id) REFERENCES people(id) ON DELETE CASCADE`,
  `ALTER TABLE conversations ADD CONSTRAINT conversations_request_fk FOREIGN KEY (request_id) REFERENCES help_requests(id) ON DELETE CASCADE`,
  `ALTER TABLE conversation_members ADD CONSTRAINT conversation_members_conversation_fk FOREIGN KEY (conversation_id) REFERENCES conversations(id) ON DELETE CASCADE`,
  `ALTER TABLE conversation_members ADD CONSTRAINT conversation_members_person_fk FOREIGN KEY (person_id) REFERENCES people(id) ON DELETE CASCADE`,
  `ALTER TABLE message_reads ADD CONSTRAINT message_reads_conversation_fk FOREIGN KEY (conversation_id) REFERENCES conversations(id) ON DELETE CASCADE`,
  `ALTER TABLE feedback ADD CONSTRAINT feedback_conversation_fk FOREIGN KEY (conversation_id) REFERENCES conversations(id) ON DELETE CASCADE`,
  `ALTER TABLE feedback ADD CONSTRAINT feedback_seeker_fk FOREIGN KEY (seeker_id) REFERENCES people(id) ON DELETE CASCADE`,
  `ALTER TABLE feedback ADD CONSTRAINT feedback_helper_fk FOREIGN KEY (helper_id) REFERENCES people(id) ON DELETE SET NULL`,
  `ALTER TABLE notifications ADD CONSTRAINT notifications_person_fk FOREIGN KEY (person_id) REFERENCES people(id) ON DELETE CASCADE`,
  `ALTER TABLE notification_deliveries ADD CONSTRAINT notification_deliveries_notification_fk FOREIGN KEY (notification_id) REFERENCES notifications(id) ON DELETE CASCADE`,
  // A message updates its conversation: room on the page keeps that a HOT update.
  `ALTER TABLE conversations SET (fillfactor = 70)`,
  `ALTER TABLE conversation_members SET (fillfactor = 80)`,
];

const TABLES = [
  'cron_runs',
  'worker_heartbeats',
  'notification_templates',
  'notification_deliveries',
  'notifications',
  'feedback',
  'message_reads',
  'messages',
  'conversation_members',
  'conversations',
  'invitations',
  'help_requests',
  'audit_log',
  'push_tokens',
  'helper_profiles',
  'person_roles',
  'people',
];
