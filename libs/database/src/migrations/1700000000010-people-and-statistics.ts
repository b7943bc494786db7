import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Indexes to find people by how they are called, and to count what happened in a day. */
export class PeopleAndStatistics1700000000010 implements MigrationInterface {
  name = 'PeopleAndStatistics1700000000010';

  async up(runner: QueryRunner): Promise<void> {
    for (const [name, definition] of INDEXES) await runner.query(`CREATE INDEX ${name} ON ${definition}`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const [name] of INDEXES) await runner.query(`DROP INDEX ${name}`);
  }
}

// LIKE 'be%' uses an index of any collation when it is made for patterns. Letters beyond ASCII have two cases whatever
// the database's own collation is, as the embedded one's C would not know.
const INDEXES = [
  ['people_name_begins', 'people (lower(name COLLATE "und-x-icu") text_pattern_ops)'],
  ['people_email_begins', 'people (email text_pattern_ops)'],
  ['people_sub_begins', 'people (lower(sub COLLATE "und-x-icu") text_pattern_ops)'],
  ['help_requests_created', 'help_requests (created_at)'],
  ['help_requests_accepted_at', 'help_requests (accepted_at) WHERE accepted_at IS NOT NULL'],
] as const;
