import { createPool } from '@kindline/database';
import type { Infra } from './infra';

/** People with one device each, of the role that an announcement of the bench is for. */
const ROLES = { warmUp: 'senior', addressed: 'volunteer', expanded: 'user', others: 'student' } as const;

type Group = 'warmUp' | 'addressed' | 'expanded';

/** Whom announcements of the bench are for, written straight into the tables, and what became of them. */
export class AudienceMaker {
  private readonly pool: ReturnType<typeof createPool>;

  constructor({ databaseUrl }: Infra) {
    this.pool = createPool(databaseUrl, 'bench', 2, 120_000);
  }

  /** @param share of them belongs to the group; the others to none */
  async make(group: Group, people: number, share = 1): Promise<void> {
    await this.pool.query(
      `WITH made AS (
        INSERT INTO people (id, sub, registered_at, created_at)
        SELECT gen_random_uuid(), $2 || '-' || n, now(), now() FROM generate_series(1, $1::int) AS n
        RETURNING id, sub
      ), roles AS (
        INSERT INTO person_roles (person_id, role, seen_at)
        SELECT id, CASE WHEN split_part(sub, '-', 2)::int % 100 < $3::int THEN $2 ELSE $4 END, now() FROM made
      )
      INSERT INTO push_tokens (id, person_id, token, platform, created_at, seen_at)
      SELECT gen_random_uuid(), id, 'device-' || sub, 'android', now(), now() FROM made`,
      [people, ROLES[group], share * 100, ROLES.others],
    );
    await this.tidy();
  }

  /** What autovacuum does within a minute, at a moment of our own. */
  async tidy(): Promise<void> {
    await this.pool.query('VACUUM ANALYZE');
    await this.pool.query('CHECKPOINT');
  }

  targetOf(group: Group): { roles: string[] } {
    return { roles: [ROLES[group]] };
  }

  async campaign(id: string): Promise<{ expanded: boolean; finished: boolean } | undefined> {
    const { rows } = await this.pool.query<{ expanded: boolean; finished: boolean }>(
      `SELECT expanded_at IS NOT NULL AS expanded, finished_at IS NOT NULL AS finished FROM campaigns WHERE id = $1`,
      [id],
    );
    return rows[0];
  }

  /** Entries of a campaign in the ledger, by status. */
  async ledger(id: string): Promise<Map<string, number>> {
    const { rows } = await this.pool.query<{ status: string; count: number }>(
      `SELECT d.status, count(*)::int AS count FROM notifications n
      JOIN notification_deliveries d ON d.notification_id = n.id WHERE n.campaign_id = $1 GROUP BY d.status`,
      [id],
    );
    return new Map(rows.map(({ status, count }) => [status, count]));
  }

  async notifications(id: string): Promise<number> {
    const { rows } = await this.pool.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM notifications WHERE campaign_id = $1`,
      [id],
    );
    return rows[0]?.count ?? 0;
  }

  /** As if there had never been an announcement. No worker may run. */
  async forgetCampaigns(): Promise<void> {
    await this.pool.query('TRUNCATE campaigns, campaign_pace, campaigns._private_jobs CASCADE');
    await this.pool.query('CHECKPOINT');
  }

  async close(): Promise<void> {
    await this.pool.end();
  }
}
