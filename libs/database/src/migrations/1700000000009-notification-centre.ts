import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Announcements to an audience, what people want to be told of, and the inbox. */
export class NotificationCentre1700000000009 implements MigrationInterface {
  name = 'NotificationCentre1700000000009';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DELETE FROM notifications WHERE campaign_id IS NOT NULL');
    await runner.query(
      `ALTER TABLE notifications ALTER COLUMN title SET NOT NULL, ALTER COLUMN body SET NOT NULL,
        DROP COLUMN campaign_id, DROP COLUMN category, DROP COLUMN withheld, DROP COLUMN held_until, DROP COLUMN read_at`,
    );
    await runner.query(
      'ALTER TABLE notification_templates DROP COLUMN name, DROP COLUMN category, DROP COLUMN created_at',
    );
    await runner.query('DROP INDEX people_registered');
    await runner.query('ALTER TABLE notification_deliveries RESET (fillfactor)');
    await runner.query('ALTER TABLE notifications RESET (fillfactor)');
    await runner.query('DROP TABLE campaigns, campaign_pace, notification_preferences');
  }
}

const CATEGORY = `category IN ('transactional', 'messages', 'reminders', 'promotional', 'product')`;

const STATEMENTS = [
  `CREATE TABLE campaigns (
    id uuid NOT NULL,
    status text NOT NULL,
    category text NOT NULL,
    title text NOT NULL,
    body text NOT NULL,
    template_id text,
    data jsonb NOT NULL DEFAULT '{}',
    target jsonb NOT NULL,
    audience integer NOT NULL,
    idempotency_key text,
    request_hash text,
    created_by uuid,
    created_at timestamptz NOT NULL,
    send_at timestamptz NOT NULL,
    expanded_to uuid,
    expanded_at timestamptz,
    finished_at timestamptz,
    counts jsonb,
    CONSTRAINT campaigns_status CHECK (status IN ('scheduled', 'sending', 'sent', 'cancelled')),
    CONSTRAINT campaigns_category CHECK (${CATEGORY}),
    CONSTRAINT campaigns_pkey PRIMARY KEY (id),
    CONSTRAINT campaigns_created_by_fk FOREIGN KEY (created_by) REFERENCES people (id) ON DELETE SET NULL
  )`,
  `CREATE UNIQUE INDEX campaigns_idempotency_key ON campaigns (idempotency_key)`,
  // When the next push of a campaign may leave, whichever worker sends it.
  `CREATE TABLE campaign_pace (
    id boolean NOT NULL DEFAULT true,
    next_at timestamptz NOT NULL,
    CONSTRAINT campaign_pace_one CHECK (id),
    CONSTRAINT campaign_pace_pkey PRIMARY KEY (id)
  )`,
  `CREATE TABLE notification_preferences (
    person_id uuid NOT NULL,
    opted_out text[] NOT NULL DEFAULT '{}',
    quiet_from text,
    quiet_to text,
    time_zone text,
    updated_at timestamptz NOT NULL,
    CONSTRAINT notification_preferences_transactional CHECK (NOT 'transactional' = ANY (opted_out)),
    CONSTRAINT notification_preferences_quiet
      CHECK (num_nulls(quiet_from, quiet_to, time_zone) IN (0, 3)),
    CONSTRAINT notification_preferences_pkey PRIMARY KEY (person_id),
    CONSTRAINT notification_preferences_person_fk FOREIGN KEY (person_id) REFERENCES people (id) ON DELETE CASCADE
  )`,
  `ALTER TABLE notification_templates ADD COLUMN name text, ADD COLUMN category text,
    ADD COLUMN created_at timestamptz NOT NULL DEFAULT now(),
    ADD CONSTRAINT notification_templates_category CHECK (${CATEGORY})`,
  // A campaign's title and text stand in the campaign, not once for everybody. Workers of the version before write no
  // category while they are being replaced.
  `ALTER TABLE notifications ADD COLUMN campaign_id uuid,
    ADD COLUMN category text NOT NULL DEFAULT 'transactional',
    ADD COLUMN withheld text, ADD COLUMN held_until timestamptz, ADD COLUMN read_at timestamptz,
    ALTER COLUMN title DROP NOT NULL, ALTER COLUMN body DROP NOT NULL,
    ADD CONSTRAINT notifications_category CHECK (${CATEGORY}),
    ADD CONSTRAINT notifications_withheld CHECK (withheld IN ('opted_out', 'cancelled')),
    ADD CONSTRAINT notifications_text CHECK (campaign_id IS NOT NULL OR num_nulls(title, body) = 0),
    ADD CONSTRAINT notifications_campaign_fk FOREIGN KEY (campaign_id) REFERENCES campaigns (id) ON DELETE CASCADE`,
  `CREATE UNIQUE INDEX notifications_campaign_person ON notifications (campaign_id, person_id)
    WHERE campaign_id IS NOT NULL`,
  `CREATE INDEX notifications_inbox ON notifications (person_id, id)
    WHERE campaign_id IS NOT NULL AND withheld IS NULL`,
  // An entry is written three times, a notification twice, and those of one page of a campaign at once. Room for all
  // of them on their pages, and no index on what changes (nor in an index's condition), keep that out of the indexes.
  'ALTER TABLE notification_deliveries SET (fillfactor = 60)',
  'ALTER TABLE notifications SET (fillfactor = 50)',
  `CREATE INDEX people_registered ON people (registered_at)`,
];
