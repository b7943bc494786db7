import { Inject, Injectable } from '@nestjs/common';
import type { AudienceTarget } from '@kindline/contracts';
import { enqueue, inTransaction, type NewJob, updated, uuidV7 } from '@kindline/database';
import { Audience, Campaigns } from '@kindline/domain';
import { CLOCK, type Clock } from '@kindline/platform';
import { DataSource, type EntityManager } from 'typeorm';

/** People that one transaction looks at. */
const WINDOW = 2_000;
/** Notifications of one sending job. */
const PAGE = 250;
/** Of what somebody waits for: before the pages of other campaigns. */
const SOON = -5;

interface Campaign {
  category: string;
  target: AudienceTarget;
  expanded_to: string | null;
}

interface Window {
  looked: number;
  last: string | null;
  ids: string[];
}

/**
 * Writes a campaign's notifications, a window of people at a time, each in one transaction with the jobs that send
 * them and the place that was reached: killed at any point it goes on there. Of two runs at once one waits for the
 * other's window.
 */
@Injectable()
export class CampaignExpansion {
  constructor(
    private readonly dataSource: DataSource,
    private readonly audience: Audience,
    private readonly campaigns: Campaigns,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @param signal aborts when this process is told to stop; the rest is left to another one */
  async run(campaignId: string, signal: AbortSignal): Promise<void> {
    for (;;) {
      const more = await inTransaction(this.dataSource, (manager) => this.window(manager, campaignId));
      if (!more) break;
      if (signal.aborted) return this.leave(campaignId);
    }
    // Nobody matched, or everybody was told already.
    await this.campaigns.finishIfDone(campaignId);
  }

  /** @returns whether there is more to look at */
  private async window(manager: EntityManager, campaignId: string): Promise<boolean> {
    const [campaign] = await updated<Campaign>(
      manager,
      `UPDATE campaigns SET status = 'sending'
      WHERE id = $1 AND status IN ('scheduled', 'sending') AND expanded_at IS NULL
      RETURNING category, target, expanded_to`,
      [campaignId],
    );
    if (!campaign) return false;
    const { looked, last, ids } = await this.write(manager, campaignId, campaign);
    const jobs: NewJob[] = [];
    for (let from = 0; from < ids.length; from += PAGE) {
      const notificationIds = ids.slice(from, from + PAGE);
      jobs.push({
        queue: 'campaigns',
        task: 'campaign.send',
        payload: { campaignId, notificationIds },
        ...(campaign.category === 'transactional' && { priority: SOON }),
      });
    }
    await enqueue(manager, ...jobs);
    const done = looked < WINDOW;
    await manager.query(
      `UPDATE campaigns c SET expanded_to = coalesce($2, expanded_to), expanded_at = $3,
        audience = CASE WHEN $3::timestamptz IS NULL THEN audience
          ELSE (SELECT count(*) FROM notifications n WHERE n.campaign_id = c.id) END
      WHERE id = $1`,
      [campaignId, last, done ? this.clock.now() : null],
    );
    return !done;
  }

  /**
   * Looks at the next people by their ids and writes a notification for those who match. The window is of people,
   * not of matches: however few match, a transaction stays short. Who switched the category off has one as well,
   * which says so and goes nowhere. Uses people_pkey, or people_sub_key where the target names them. A lateral, because
   * with a join everybody's preferences were read for each window.
   */
  private async write(
    manager: EntityManager,
    campaignId: string,
    { category, target, expanded_to }: Campaign,
  ): Promise<Window> {
    const ids = Array.from({ length: WINDOW }, () => uuidV7());
    const { sql, parameters } = this.audience.condition(target, 8);
    const named = target.subs === undefined ? 'true' : sql;
    const [window] = await manager.query<Window[]>(
      `WITH looked AS MATERIALIZED (
        SELECT p.id, p.sub, p.registered_at FROM people p
        WHERE ($3::uuid IS NULL OR p.id > $3) AND ${named} ORDER BY p.id LIMIT $7
      ), matching AS (
        SELECT p.id, row_number() OVER () AS nth FROM looked p WHERE ${sql}
      ), written AS (
        INSERT INTO notifications (id, person_id, campaign_id, kind, category, channel_key, screen, priority,
          only_absent, created_at, withheld, settled_at)
        SELECT ids.id, m.id, $1, 'announcement', $2, 'application_channel', 'home', 'normal', true, $5,
          CASE WHEN $2 = ANY (w.opted_out) THEN 'opted_out' END, CASE WHEN $2 = ANY (w.opted_out) THEN $6::timestamptz END
        FROM matching m
        JOIN unnest($4::uuid[]) WITH ORDINALITY AS ids (id, nth) USING (nth)
        LEFT JOIN LATERAL (SELECT opted_out FROM notification_preferences WHERE person_id = m.id LIMIT 1) w ON true
        ON CONFLICT (campaign_id, person_id) WHERE campaign_id IS NOT NULL DO NOTHING
        RETURNING id, withheld
      )
      SELECT (SELECT count(*)::int FROM looked) AS looked, (SELECT max(id::text) FROM looked) AS last,
        ARRAY(SELECT id::text FROM written WHERE withheld IS NULL) AS ids`,
      [campaignId, category, expanded_to, ids, this.clock.now(), this.clock.now(), WINDOW, ...parameters],
    );
    return window ?? { looked: 0, last: null, ids: [] };
  }

  private async leave(campaignId: string): Promise<void> {
    await inTransaction(this.dataSource, (manager) =>
      enqueue(manager, {
        queue: 'campaigns',
        task: 'campaign.expand',
        payload: { campaignId },
        priority: -10,
      }),
    );
  }
}
