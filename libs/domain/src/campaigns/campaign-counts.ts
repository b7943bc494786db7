import { Injectable } from '@nestjs/common';
import type { AnnouncementCounts } from '@kindline/contracts';
import type { EntityManager } from 'typeorm';

/** What became of a campaign, counted from its notifications and their entries: there is no counter that could drift. */
@Injectable()
export class CampaignCounts {
  /**
   * Uses notifications_campaign_person and notification_deliveries_token_key.
   * @param audience of a campaign that is not expanded yet: the people who were counted
   */
  async of(manager: EntityManager, campaignId: string, audience?: number): Promise<AnnouncementCounts> {
    const [row] = await manager.query<
      (AnnouncementCounts & { people: number; unopened: number; withdrawn: number })[]
    >(
      `WITH people AS MATERIALIZED (
        SELECT id, person_id, withheld, settled_at FROM notifications WHERE campaign_id = $1
      ), entries AS (
        SELECT d.status, count(*)::int AS count FROM people p
        JOIN notification_deliveries d ON d.notification_id = p.id AND d.token_hash <> '' GROUP BY d.status
      ), without_entry AS (
        SELECT p.settled_at, p.withheld FROM people p JOIN push_tokens t ON t.person_id = p.person_id
        WHERE (p.settled_at IS NULL OR p.withheld = 'cancelled')
          AND NOT EXISTS (SELECT FROM notification_deliveries d WHERE d.notification_id = p.id)
      )
      SELECT (SELECT count(*)::int FROM people) AS people,
        (SELECT count(*)::int FROM people WHERE withheld = 'opted_out') AS excluded_by_preference,
        (SELECT count(*)::int FROM without_entry WHERE settled_at IS NULL) AS unopened,
        (SELECT count(*)::int FROM without_entry WHERE withheld = 'cancelled') AS withdrawn,
        ${STATUSES.map((status) => `coalesce((SELECT count FROM entries WHERE status = '${status}'), 0) AS ${status}`).join(', ')}`,
      [campaignId],
    );
    const { people, unopened, withdrawn, ...counts } = row ?? {
      ...NOTHING,
      people: 0,
      unopened: 0,
      withdrawn: 0,
    };
    return {
      ...counts,
      audience: audience ?? people,
      skipped: counts.skipped + withdrawn,
      pending: counts.pending + unopened,
    };
  }
}

const STATUSES = ['accepted', 'rejected', 'unknown', 'skipped', 'pending'] as const;

const NOTHING: AnnouncementCounts = {
  audience: 0,
  excluded_by_preference: 0,
  accepted: 0,
  rejected: 0,
  unknown: 0,
  skipped: 0,
  pending: 0,
};
