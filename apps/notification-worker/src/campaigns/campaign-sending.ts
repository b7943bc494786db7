import { Inject, Injectable, Logger } from '@nestjs/common';
import type { TransportNews } from '@kindline/contracts';
import { enqueue, inTransaction, type NewJob } from '@kindline/database';
import { Campaigns, NEWS_PUBLISHER, type NewsPublisher } from '@kindline/domain';
import { DataSource } from 'typeorm';
import type { Spared } from '../sending/addressees';
import { DOUBT_MS, Ledger } from '../sending/ledger';
import { lockOpen } from '../sending/lock-open';
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

const sendingOf = (campaignId: string, notificationIds: string[]): NewJob => ({
  queue: 'campaigns',
  task: 'campaign.send',
  payload: { campaignId, notificationIds },
});

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

  /** @param signal aborts when this process is told to stop; the rest is left to another one */
  async send(campaignId: string, notificationIds: string[], signal: AbortSignal): Promise<void> {
    const job = (ids: string[]): NewJob => sendingOf(campaignId, ids);
    const size = Math.min(CALL_SIZE, this.pace.burst);
    for (let from = 0; from < notificationIds.length; from += size) {
      const rest = notificationIds.slice(from);
      const notBefore = await this.pace.turn(Math.min(size, rest.length), signal);
      // Asked after the wait, and before it counts for anything that it came to nothing.
      if (await this.isOver(campaignId)) {
        await this.takeBack(campaignId, rest);
        break;
      }
      if (notBefore) return this.later({ ...job(rest), runAt: notBefore });
      const page = rest.slice(0, size);
      const sent = await this.notifications.run(page, {
        job,
        callSize: CALL_SIZE,
        underWay: UNDER_WAY,
        onConnected: (spared) => this.show(campaignId, spared),
      });
      await this.pace.correct(sent - page.length);
    }
    await this.campaigns.finishIfDone(campaignId);
  }

  /** Takes back what a cancelled campaign still has. Bears repeating. Uses notifications_campaign_person. */
  async withdraw(campaignId: string): Promise<void> {
    let after = '00000000-0000-0000-0000-000000000000';
    for (;;) {
      const open = await this.dataSource.query<{ id: string; person_id: string }[]>(
        `SELECT id, person_id FROM notifications
        WHERE campaign_id = $1 AND settled_at IS NULL AND person_id > $2 ORDER BY person_id LIMIT $3`,
        [campaignId, after, BATCH],
      );
      const last = open.at(-1);
      if (!last) break;
      await this.takeBack(
        campaignId,
        open.map(({ id }) => id),
      );
      after = last.person_id;
    }
    await this.campaigns.finishIfDone(campaignId);
  }

  /**
   * What has not left is skipped. What is under way is settled by whoever sends it, or, if they have died, by a look
   * at it when nobody can be sending it any more.
   */
  private async takeBack(campaignId: string, notificationIds: string[]): Promise<void> {
    await this.ledger.due(notificationIds);
    await inTransaction(this.dataSource, async (manager) => {
      const open = await lockOpen(manager, notificationIds);
      const underWay = await manager.query<{ id: string }[]>(
        `WITH skipped AS (
          UPDATE notification_deliveries SET status = 'skipped', reason = 'cancelled', updated_at = now()
          WHERE notification_id = ANY ($1) AND status = 'pending' AND (attempts = 0 OR reason IS NOT NULL)
          RETURNING id
        ), entries AS (
          SELECT notification_id, bool_or(status = 'pending' AND id NOT IN (SELECT id FROM skipped)) AS under_way,
            bool_or(status IN ('accepted', 'unknown')) AS reached
          FROM notification_deliveries WHERE notification_id = ANY ($1) GROUP BY notification_id
        ), settled AS (
          UPDATE notifications n SET settled_at = now(),
            withheld = CASE WHEN e.reached THEN n.withheld ELSE coalesce(n.withheld, 'cancelled') END
          FROM unnest($1::uuid[]) AS open (id) LEFT JOIN entries e ON e.notification_id = open.id
          WHERE n.id = open.id AND NOT coalesce(e.under_way, false)
        )
        SELECT notification_id AS id FROM entries WHERE under_way`,
        [open],
      );
      if (underWay.length === 0) return;
      const ids = underWay.map(({ id }) => id);
      await enqueue(manager, { ...sendingOf(campaignId, ids), runAt: new Date(Date.now() + DOUBT_MS) });
    });
  }

  private async later(job: NewJob): Promise<void> {
    await inTransaction(this.dataSource, (manager) => enqueue(manager, job));
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
