import { Injectable } from '@nestjs/common';
import { type AudienceTarget, isUuid, KindlineError, type WhyView } from '@kindline/contracts';
import { DataSource } from 'typeorm';
import { Audience } from './audience';

interface Campaign {
  status: 'scheduled' | 'sending' | 'sent' | 'cancelled';
  target: AudienceTarget;
  expanded_to: string | null;
  expanded_at: Date | null;
}

interface Told {
  id: string;
  withheld: 'opted_out' | 'cancelled' | null;
  held_until: Date | null;
  settled_at: Date | null;
}

interface Entry {
  token: string | null;
  status: WhyView['attempts'][number]['status'];
  reason: string | null;
  attempts: number;
  updated_at: Date;
}

type Verdict = Pick<WhyView, 'outcome' | 'reason'>;

const CANCELLED: Verdict = { outcome: 'skipped', reason: 'cancelled' };

/** Says in one answer why somebody was told of an announcement, or was not. */
@Injectable()
export class CampaignWhy {
  constructor(
    private readonly dataSource: DataSource,
    private readonly audience: Audience,
  ) {}

  /** @throws not_found for an unknown announcement; nobody of that `sub` is somebody it was not for */
  async of(campaignId: string, sub: string): Promise<WhyView> {
    const [campaign] = isUuid(campaignId)
      ? await this.dataSource.query<Campaign[]>(
          `SELECT status, target, expanded_to, expanded_at FROM campaigns WHERE id = $1`,
          [campaignId],
        )
      : [];
    if (!campaign) throw new KindlineError('not_found', 'There is no such announcement');
    const [told] = await this.dataSource.query<Told[]>(
      `SELECT n.id, n.withheld, n.held_until, n.settled_at FROM people p
      JOIN notifications n ON n.person_id = p.id AND n.campaign_id = $1 WHERE p.sub = $2`,
      [campaignId, sub],
    );
    if (!told) {
      return { sub, ...(await this.withoutNotification(campaign, sub)), held_until: null, attempts: [] };
    }
    const entries = await this.dataSource.query<Entry[]>(
      `SELECT token_mask AS token, status, reason, attempts, updated_at FROM notification_deliveries
      WHERE notification_id = $1 ORDER BY id`,
      [told.id],
    );
    const waits = campaign.status === 'sending' && told.settled_at === null && entries.length === 0;
    const held = waits ? told.held_until : null;
    return {
      sub,
      ...verdictOf(campaign, told, entries),
      held_until: held?.toISOString() ?? null,
      attempts: entries.map((entry) => ({ ...entry, updated_at: entry.updated_at.toISOString() })),
    };
  }

  /** Not reached yet, not reached any more, or not meant. */
  private async withoutNotification(campaign: Campaign, sub: string): Promise<Verdict> {
    const outside: Verdict = { outcome: 'excluded', reason: 'not_in_audience' };
    const [person] = await this.dataSource.query<{ id: string }[]>(`SELECT id FROM people WHERE sub = $1`, [
      sub,
    ]);
    if (!person || !(await this.audience.includes(campaign.target, person.id))) return outside;
    if (campaign.status === 'cancelled') return CANCELLED;
    const passed = campaign.expanded_to !== null && person.id <= campaign.expanded_to;
    // Who has come into the audience since then was not in it when it counted.
    return campaign.expanded_at !== null || passed ? outside : { outcome: 'pending', reason: 'pending' };
  }
}

/** Of several devices the best outcome counts: one that was reached is enough. */
function verdictOf({ status }: Campaign, told: Told, entries: Entry[]): Verdict {
  if (told.withheld === 'opted_out') return { outcome: 'excluded', reason: 'opted_out' };
  const best = ORDER.map((status) => entries.find((entry) => entry.status === status)).find(Boolean);
  if (!best) {
    if (status === 'cancelled') return CANCELLED;
    return { outcome: 'pending', reason: told.held_until ? 'quiet_hours' : 'pending' };
  }
  // Taken back in a moment, unless it is under way.
  if (best.status === 'pending') return { outcome: 'pending', reason: 'pending' };
  if (best.status === 'skipped') return { outcome: 'skipped', reason: skippedFor(best.reason) };
  if (best.status === 'rejected' && best.reason === 'unregistered') {
    return { outcome: 'rejected', reason: 'dead_token' };
  }
  return { outcome: best.status, reason: 'sent' };
}

const ORDER = ['accepted', 'unknown', 'pending', 'rejected', 'skipped'] as const;

const REASONS = ['connected', 'throttled', 'cancelled', 'no_token', 'not_configured'] as const;

function skippedFor(reason: string | null): WhyView['reason'] {
  return REASONS.find((known) => known === reason) ?? 'no_token';
}
