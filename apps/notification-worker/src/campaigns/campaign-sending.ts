import { Inject, Injectable, Logger } from '@nestjs/common';
import type { TransportNews } from '@kindline/contracts';
import { enqueue, inTransaction } from '@kindline/database';
import { Campaigns, NEWS_PUBLISHER, type NewsPublisher } from '@kindline/domain';
import { DataSource } from 'typeorm';
import type { Spared } from '../sending/addressees';
import { Ledger } from '../sending/ledger';
import { SendNotifications } from '../sending/send-notifications';
import { CampaignPace } from './campaign-pace';

/**
 * Pushes of a campaign that one job writes down at once. Few, because it is this many whose fate is unknown when the
 * process is killed.
 */
const CALL_SIZE = 100;
/**
 * Requests of one job at once. Four jobs run side by side, and over 100 connections the sender alone was no slower
 * than over 200 and held some 90 MB less; at 100 ms an answer they are 1,000/s.
 */
const UNDER_WAY = 25;
/** Rows that one statement withdraws. */
const BATCH = 2_000;

type Shown = TransportNews['announcement.shown.v1'];

/** Sends a campaign's notifications, a page a job, at the operator's rate; withdraws those of a cancelled one. */
@Injectable()
export class CampaignSending {
  private readonly logger = new Logger(CampaignSending.name);

  constructor(
    private readonly dataSource: DataSource,
    private readonly notifications: SendNotifications,
    private readonly ledger: Ledger,
    private readonly campaigns: Campaigns,
    private readonly pace: CampaignPace,
    @Inject(NEWS_PUBLISHER) private readonly news: NewsPublisher,
  ) {}

  async send(campaignId: string, notificationIds: string[], signal: AbortSignal): Promise<void> {
    if (await this.isOver(campaignId)) {
      await this.ledger.interrupted(notificationIds);
      return this.withdraw(campaignId);
    }
    const job = (ids: string[]) => ({
      queue: 'campaigns' as const,
      task: 'campaign.send',
      payload: { campaignId, notificationIds: ids },
    });
    const through = await this.notifications.run(notificationIds, {
      job,
      callSize: Math.min(CALL_SIZE, this.pace.burst),
      onConnected: (spared) => this.show(campaignId, spared),
      underWay: UNDER_WAY,
      mayGoOn: async (count) => (await this.pace.turn(count, signal)) && !(await this.isOver(campaignId)),
    });
    // Told to stop: somebody else sends the rest. What a cancelled one still had is withdrawn.
    if (!through && signal.aborted) {
      await inTransaction(this.dataSource, (manager) => enqueue(manager, job(notificationIds)));
      return;
    }
    await this.campaigns.finishIfDone(campaignId);
  }

  /**
   * What has not left is skipped; what is under way is settled by whoever sent it. Bears repeating. Uses
   * notifications_campaign_person.
   */
  async withdraw(campaignId: string): Promise<void> {
    let after = '00000000-0000-0000-0000-000000000000';
    for (;;) {
      const [{ last } = { last: null }] = await this.dataSource.query<{ last: string | null }[]>(
        `WITH open AS MATERIALIZED (
          SELECT id, person_id FROM notifications WHERE campaign_id = $1 AND settled_at IS NULL AND person_id > $2
          ORDER BY person_id LIMIT $3
        ), skipped AS (
          UPDATE notification_deliveries d SET status = 'skipped', reason = 'cancelled', updated_at = now()
          FROM open WHERE d.notification_id = open.id AND d.status = 'pending' AND (d.attempts = 0 OR d.reason IS NOT NULL)
          RETURNING d.id, d.notification_id
        ), under_way AS (
          SELECT d.notification_id FROM notification_deliveries d JOIN open ON open.id = d.notification_id
          WHERE d.status = 'pending' AND d.id NOT IN (SELECT id FROM skipped)
        ), reached AS (
          SELECT d.notification_id FROM notification_deliveries d JOIN open ON open.id = d.notification_id
          WHERE d.status IN ('accepted', 'unknown')
        ), settled AS (
          UPDATE notifications n SET settled_at = now(),
            withheld = CASE WHEN n.id IN (SELECT notification_id FROM reached) THEN NULL ELSE 'cancelled' END
          FROM open WHERE n.id = open.id AND n.id NOT IN (SELECT notification_id FROM under_way)
        )
        SELECT max(person_id::text) AS last FROM open`,
        [campaignId, after, BATCH],
      );
      if (last === null) break;
      after = last;
    }
    await this.campaigns.finishIfDone(campaignId);
  }

  /** On their screens, in place of the push. What is lost on the way is in their inbox. */
  private async show(campaignId: string, spared: Spared[]): Promise<void> {
    const [campaign] = await this.dataSource.query<Pick<Shown, 'title' | 'body' | 'category' | 'data'>[]>(
      `SELECT title, body, category, data FROM campaigns WHERE id = $1`,
      [campaignId],
    );
    if (!campaign) return;
    const to = spared.map((one) => ({ ...one, createdAt: one.createdAt.toISOString() }));
    await this.news
      .publish('announcement.shown.v1', { ...campaign, to })
      .catch((err: unknown) => this.logger.warn({ err }, 'an announcement could not be shown'));
  }

  private async isOver(campaignId: string): Promise<boolean> {
    const [campaign] = await this.dataSource.query<{ over: boolean }[]>(
      `SELECT status <> 'sending' AS over FROM campaigns WHERE id = $1`,
      [campaignId],
    );
    return campaign?.over ?? true;
  }
}
