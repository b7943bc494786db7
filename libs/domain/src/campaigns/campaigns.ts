import { Inject, Injectable } from '@nestjs/common';
import {
  type AnnouncementStatus,
  type AnnouncementView,
  type AudienceTarget,
  type Category,
  isUuid,
  KindlineError,
} from '@kindline/contracts';
import { enqueue, inTransaction, removeJobs, updated, uuidV7, violatedConstraint } from '@kindline/database';
import { CLOCK, type Clock } from '@kindline/platform';
import { DataSource, type EntityManager } from 'typeorm';
import { decodeCursor, encodeCursor } from '../cursor';
import { AuditLog } from '../people/audit-log';
import { Audience } from './audience';
import { CampaignCounts } from './campaign-counts';
import { campaignStatesBefore } from './campaign-transitions';

/** What an administrator wants to tell, filled in already. */
export interface NewCampaign {
  title: string;
  body: string;
  category: Category;
  templateId: string | null;
  data: Record<string, string>;
  target: AudienceTarget;
  /** Absent: now. */
  sendAt?: Date | undefined;
  /** The client's key, and a hash of what it asked for. */
  identity?: Identity | undefined;
}

export interface Identity {
  key: string;
  requestHash: string;
}

export interface Announced {
  id: string;
  status: AnnouncementStatus;
  audience: number;
}

/** Clocks may disagree by so much about what is past. */
const SKEW_MS = 60_000;

/** Before the pages of other campaigns: what is begun or cancelled does not wait until those are sent. */
const FIRST = -10;

const expandKey = (campaignId: string): string => `campaign:${campaignId}`;

/** Announcements of administrators: made, looked at, cancelled. Expanding and sending them is the worker's. */
@Injectable()
export class Campaigns {
  constructor(
    private readonly dataSource: DataSource,
    private readonly audience: Audience,
    private readonly counts: CampaignCounts,
    private readonly audit: AuditLog,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Counts the audience, then writes the campaign with the job that expands it.
   * @param actor who announces, for the audit log
   * @throws validation_failed for a time that is past, conflict for a key that another announcement has
   */
  async create(authorId: string | undefined, actor: string, campaign: NewCampaign): Promise<Announced> {
    const now = this.clock.now();
    const sendAt = campaign.sendAt ?? now;
    if (sendAt.getTime() < now.getTime() - SKEW_MS) {
      throw new KindlineError('validation_failed', 'sendAt is past', {
        errors: [{ path: 'sendAt', message: 'must not be past' }],
      });
    }
    const audience = await this.audience.size(campaign.target);
    const status = sendAt > now ? 'scheduled' : 'sending';
    const id = uuidV7();
    try {
      await inTransaction(this.dataSource, async (manager) => {
        await manager.query(
          `INSERT INTO campaigns (id, status, category, title, body, template_id, data, target, audience,
            idempotency_key, request_hash, created_by, created_at, send_at)
          VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
          [
            id,
            status,
            campaign.category,
            campaign.title,
            campaign.body,
            campaign.templateId,
            JSON.stringify(campaign.data),
            JSON.stringify(campaign.target),
            audience,
            campaign.identity?.key ?? null,
            campaign.identity?.requestHash ?? null,
            authorId ?? null,
            now,
            sendAt,
          ],
        );
        await enqueue(manager, {
          queue: 'campaigns',
          task: 'campaign.expand',
          payload: { campaignId: id },
          ...(status === 'scheduled' && { runAt: sendAt }),
          key: expandKey(id),
          priority: FIRST,
        });
        await this.audit.record({ actor, action: 'announce', subject: id }, manager);
      });
    } catch (error) {
      const first =
        violatedConstraint(error) === 'campaigns_idempotency_key' && campaign.identity
          ? await this.repeated(campaign.identity)
          : undefined;
      if (!first) throw error;
      return first;
    }
    return { id, status, audience };
  }

  /**
   * What an earlier request with this key made.
   * @throws conflict when that was another request
   */
  async repeated({ key, requestHash }: Identity): Promise<Announced | undefined> {
    const [first] = await this.read('c.idempotency_key = $1', [key]);
    if (!first) return undefined;
    if (first.request_hash !== requestHash)
      throw new KindlineError('conflict', 'This Idempotency-Key belongs to another announcement');
    return { id: first.id, status: first.status, audience: first.audience };
  }

  /** How many people a target matches now, and how many of them have switched a category off. */
  async audienceOf(
    target: AudienceTarget,
    category?: Category,
  ): Promise<{ audience: number; optedOut: number | null }> {
    if (category === undefined) return { audience: await this.audience.size(target), optedOut: null };
    return this.audience.sizes(target, category);
  }

  /** Newest first, by keyset on campaigns_pkey. */
  async page(filter: {
    status?: AnnouncementStatus | undefined;
    limit: number;
    cursor?: string | undefined;
  }): Promise<{ notifications: AnnouncementView[]; cursor: string | null }> {
    const [before] = filter.cursor ? decodeCursor(filter.cursor, 'id') : [];
    const rows = await this.read(
      `($1::text IS NULL OR c.status = $1) AND ($2::uuid IS NULL OR c.id < $2) ORDER BY c.id DESC LIMIT $3`,
      [filter.status ?? null, before ?? null, filter.limit + 1],
    );
    const page = rows.slice(0, filter.limit);
    const notifications: AnnouncementView[] = [];
    for (const row of page) notifications.push(await this.view({ ...row, target: briefly(row.target) }));
    const last = page.at(-1);
    return { notifications, cursor: rows.length > filter.limit && last ? encodeCursor(last.id) : null };
  }

  /** @throws not_found */
  async one(campaignId: string): Promise<AnnouncementView> {
    return this.view(await this.row(campaignId));
  }

  /**
   * Nothing leaves any more once this has committed, but for pushes under way. Cancelling again changes nothing.
   * @throws not_found, conflict when everything was sent already
   */
  async cancel(campaignId: string, actor: string): Promise<AnnouncementView> {
    const { status } = await this.row(campaignId);
    if (status !== 'cancelled') {
      await inTransaction(this.dataSource, async (manager) => {
        const [cancelled] = await updated<{ id: string }>(
          manager,
          `UPDATE campaigns SET status = 'cancelled', expanded_at = coalesce(expanded_at, $2)
          WHERE id = $1 AND status = ANY ($3) RETURNING id`,
          [campaignId, this.clock.now(), campaignStatesBefore('cancelled')],
        );
        if (!cancelled) return;
        await removeJobs(manager, 'campaigns', [expandKey(campaignId)]);
        await enqueue(manager, {
          queue: 'campaigns',
          task: 'campaign.withdraw',
          payload: { campaignId },
          priority: FIRST,
        });
        await this.audit.record({ actor, action: 'cancel announcement', subject: campaignId }, manager);
      });
    }
    const view = await this.one(campaignId);
    if (view.status === 'sent') throw new KindlineError('conflict', 'Everything was sent already');
    return view;
  }

  /**
   * Writes down that nothing is left to send, and what became of it; does nothing while something is. Asked after
   * every page; nearly always somebody is left.
   */
  async finishIfDone(campaignId: string): Promise<void> {
    if (await this.isOpen(campaignId)) return;
    await inTransaction(this.dataSource, async (manager) => {
      const [done] = await updated<{ id: string }>(
        manager,
        `UPDATE campaigns c SET finished_at = $2, status = CASE WHEN status = ANY ($3) THEN 'sent' ELSE status END
        WHERE id = $1 AND finished_at IS NULL AND expanded_at IS NOT NULL AND NOT EXISTS (
          SELECT FROM notifications n WHERE n.campaign_id = c.id AND n.settled_at IS NULL)
        RETURNING id`,
        [campaignId, this.clock.now(), campaignStatesBefore('sent')],
      );
      if (!done) return;
      const { status, audience } = await this.row(campaignId, manager);
      const counts = await this.counts.of(manager, campaignId, status === 'cancelled' ? audience : undefined);
      await manager.query(`UPDATE campaigns SET counts = $2 WHERE id = $1`, [
        campaignId,
        JSON.stringify(counts),
      ]);
    });
  }

  /**
   * Whether somebody is left. Looks from the last person backwards, who is told last: while a campaign is being sent
   * the first row says so. Uses notifications_campaign_person; an index of the open ones would be written again with
   * everybody who is settled.
   */
  private async isOpen(campaignId: string): Promise<boolean> {
    const rows = await this.dataSource.query<unknown[]>(
      `SELECT FROM notifications WHERE campaign_id = $1 AND settled_at IS NULL ORDER BY person_id DESC LIMIT 1`,
      [campaignId],
    );
    return rows.length > 0;
  }

  private async row(campaignId: string, manager?: EntityManager): Promise<Row> {
    const [row] = isUuid(campaignId) ? await this.read('c.id = $1', [campaignId], manager) : [];
    if (!row) throw new KindlineError('not_found', 'There is no such announcement');
    return row;
  }

  private async read(
    where: string,
    parameters: unknown[],
    manager: EntityManager = this.dataSource.manager,
  ): Promise<Row[]> {
    return manager.query<Row[]>(
      `SELECT c.*, p.sub AS author FROM campaigns c LEFT JOIN people p ON p.id = c.created_by WHERE ${where}`,
      parameters,
    );
  }

  private async view(row: Omit<Row, 'target'> & { target: object }): Promise<AnnouncementView> {
    const counts =
      row.counts ??
      (await this.counts.of(
        this.dataSource.manager,
        row.id,
        row.expanded_at === null || row.status === 'cancelled' ? row.audience : undefined,
      ));
    return {
      id: row.id,
      status: row.status,
      audience: row.audience,
      title: row.title,
      body: row.body,
      category: row.category,
      template_id: row.template_id,
      data: row.data,
      target: { ...row.target },
      created_by: row.author,
      created_at: row.created_at.toISOString(),
      send_at: row.send_at.toISOString(),
      finished_at: row.finished_at?.toISOString() ?? null,
      counts,
    };
  }
}

interface Row {
  id: string;
  status: AnnouncementStatus;
  category: Category;
  title: string;
  body: string;
  template_id: string | null;
  data: Record<string, string>;
  target: AudienceTarget;
  audience: number;
  request_hash: string | null;
  author: string | null;
  created_at: Date;
  send_at: Date;
  expanded_at: Date | null;
  finished_at: Date | null;
  counts: AnnouncementView['counts'] | null;
}

/** A list would be mostly names: their number stands for them. */
function briefly({ subs, ...target }: AudienceTarget): Record<string, unknown> {
  return { ...target, ...(subs && { subs_count: subs.length }) };
}
