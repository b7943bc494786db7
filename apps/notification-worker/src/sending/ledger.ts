import { Inject, Injectable } from '@nestjs/common';
import { inTransaction } from '@kindline/database';
import { CLOCK, type Clock } from '@kindline/platform';
import { DataSource, type EntityManager } from 'typeorm';
import type { PushMessage } from '../push/push-sender';
import { nightEnd, type QuietRow } from './night';

/** A token that a notification still has to be sent to. */
export interface Due {
  deliveryId: string;
  notificationId: string;
  tokenId: string;
  personId: string;
  attempts: number;
  /** Sent again when it is not known whether it arrived. */
  urgent: boolean;
  message: PushMessage;
}

export interface Settlement {
  deliveryId: string;
  /** With the one that is judged. */
  attempts: number;
  tokenId: string;
  personId: string;
  token: string;
  status: 'accepted' | 'rejected' | 'unknown' | 'pending';
  reason: string | null;
  tokenDead?: boolean;
}

/** A notification that is to be looked at again. */
export interface Later {
  notificationId: string;
  at: Date;
}

/** Nobody sends any more what was attempted this long ago: a call's deadline is half of it. */
export const DOUBT_MS = 30_000;

interface Verdict {
  row: Row;
  status: 'skipped' | 'unknown';
  reason: string;
}

interface Row extends QuietRow {
  delivery_id: string;
  notification_id: string;
  token_id: string | null;
  person_id: string;
  attempts: number;
  reason: string | null;
  priority: 'high' | 'normal';
  token: string | null;
  title: string;
  body: string;
  kind: string;
  screen: string;
  channel_key: string;
  /** Of a campaign: what its author gives the app. */
  data: Record<string, string> | null;
  campaign_id: string | null;
  conversation_id: string | null;
  request_id: string | null;
  folded: number;
  expires_at: Date | null;
  expired: boolean;
  opted_out: boolean;
  updated_at: Date;
}

/** `notification_deliveries`: one entry per notification and token, and what became of it. */
@Injectable()
export class Ledger {
  constructor(
    private readonly dataSource: DataSource,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * What is still to be sent now, as things are now. An entry that is of no use any more is skipped. One that was
   * attempted is in doubt until nobody can be sending it any more, and unknown from then on, unless it is urgent.
   * Looks first and writes only where there is something to write: nearly always there is not.
   */
  async due(notificationIds: string[]): Promise<{ due: Due[]; later: Later[] }> {
    const now = this.clock.now();
    const found: { due: Due[]; later: Later[] } = { due: [], later: [] };
    const settled: Verdict[] = [];
    for (const row of await this.pending(notificationIds)) {
      const attemptedAt =
        row.attempts > 0 && row.reason === null && row.priority !== 'high' ? row.updated_at : undefined;
      const inDoubtUntil = attemptedAt && new Date(attemptedAt.getTime() + DOUBT_MS);
      const reason = row.expired ? 'expired' : row.opted_out ? 'opted_out' : 'no_token';
      const night = nightEnd(row, now);
      // Not at once: the job's time is by Postgres' clock, which may be ahead of this one.
      const soon = now.getTime() + 1_000;
      const later = (at: Date): Later => ({
        notificationId: row.notification_id,
        at: new Date(Math.max(at.getTime(), soon)),
      });
      if (inDoubtUntil && inDoubtUntil <= now)
        settled.push({ row, status: 'unknown', reason: 'interrupted' });
      else if (inDoubtUntil) found.later.push(later(inDoubtUntil));
      else if (row.expired || row.opted_out || row.token === null || row.token_id === null)
        settled.push({ row, status: 'skipped', reason });
      else if (night) found.later.push(later(night));
      else found.due.push(due(row, row.token, row.token_id));
    }
    if (settled.length > 0) await this.decide(settled, now);
    return found;
  }

  /** Nothing can be sent: what waited for another try is given up. */
  async giveUp(notificationIds: string[]): Promise<void> {
    await this.dataSource.query(
      `UPDATE notification_deliveries SET status = 'skipped', reason = 'not_configured', updated_at = $2
      WHERE notification_id = ANY ($1) AND status = 'pending'`,
      [notificationIds, this.clock.now()],
    );
  }

  /**
   * Laterals, because only nested loops are right for a page of ids: a plan from when the tables were small reads
   * all of them for each page. Uses notifications_pkey, notification_deliveries_token_key and push_tokens_pkey.
   */
  private async pending(notificationIds: string[]): Promise<Row[]> {
    return this.dataSource.query<Row[]>(
      `SELECT d.id AS delivery_id, n.id AS notification_id, t.id AS token_id, n.person_id, d.attempts, d.reason,
        d.updated_at, n.priority, n.category, t.token, coalesce(n.title, c.title) AS title,
        coalesce(n.body, c.body) AS body, c.data, n.campaign_id, n.kind, n.screen, n.channel_key, n.conversation_id, n.request_id, n.folded, n.expires_at,
        coalesce(n.expires_at <= $2, false) AS expired, coalesce(n.category = ANY (w.opted_out), false) AS opted_out,
        w.quiet_from, w.quiet_to, w.time_zone
      FROM (SELECT DISTINCT unnest($1::uuid[]) AS id) wanted
      CROSS JOIN LATERAL (SELECT * FROM notifications WHERE id = wanted.id LIMIT 1) n
      CROSS JOIN LATERAL (SELECT * FROM notification_deliveries
        WHERE notification_id = wanted.id AND status = 'pending' OFFSET 0) d
      LEFT JOIN LATERAL (SELECT * FROM push_tokens
        WHERE id = d.push_token_id AND person_id = n.person_id LIMIT 1) t ON true
      LEFT JOIN LATERAL (SELECT * FROM notification_preferences WHERE person_id = n.person_id LIMIT 1) w ON true
      LEFT JOIN campaigns c ON c.id = n.campaign_id`,
      [notificationIds, this.clock.now()],
    );
  }

  private async decide(verdicts: readonly Verdict[], now: Date): Promise<void> {
    await inTransaction(this.dataSource, async (manager) => {
      await manager.query(
        `UPDATE notification_deliveries d SET status = s.status, reason = s.reason, updated_at = $5
        FROM unnest($1::uuid[], $2::text[], $3::text[], $4::int[]) AS s (id, status, reason, attempts)
        WHERE d.id = s.id AND d.status = 'pending' AND d.attempts = s.attempts`,
        [
          verdicts.map(({ row }) => row.delivery_id),
          verdicts.map(({ status }) => status),
          verdicts.map(({ reason }) => reason),
          verdicts.map(({ row }) => row.attempts),
          now,
        ],
      );
      const optedOut = verdicts.filter(
        ({ row, reason }) => row.campaign_id !== null && reason === 'opted_out',
      );
      if (optedOut.length > 0) await withhold(manager, optedOut);
    });
  }

  /**
   * Counts an attempt of each, where nobody else has made one since it was read.
   * @returns the ids of those that are the caller's to send
   */
  async claim(due: readonly Due[]): Promise<Set<string>> {
    const [rows] = await this.dataSource.query<[{ id: string }[], number]>(
      `UPDATE notification_deliveries d SET attempts = d.attempts + 1, reason = NULL, updated_at = $3
      FROM unnest($1::uuid[], $2::int[]) AS e (id, attempts)
      WHERE d.id = e.id AND d.attempts = e.attempts AND d.status = 'pending' RETURNING d.id`,
      [due.map(({ deliveryId }) => deliveryId), due.map(({ attempts }) => attempts), this.clock.now()],
    );
    return new Set(rows.map(({ id }) => id));
  }

  /** Writes outcomes of attempts that are still theirs to judge, and retires dead tokens where they are still their person's. */
  async record(manager: EntityManager, settlements: Settlement[]): Promise<void> {
    await manager.query(
      `UPDATE notification_deliveries d SET status = s.status, reason = s.reason, updated_at = $5
      FROM unnest($1::uuid[], $2::text[], $3::text[], $4::int[]) AS s (id, status, reason, attempts)
      WHERE d.id = s.id AND d.status = 'pending' AND d.attempts = s.attempts`,
      [
        settlements.map(({ deliveryId }) => deliveryId),
        settlements.map(({ status }) => status),
        settlements.map(({ reason }) => reason),
        settlements.map(({ attempts }) => attempts),
        this.clock.now(),
      ],
    );
    const dead = settlements.filter(({ tokenDead }) => tokenDead);
    if (dead.length === 0) return;
    await manager.query(
      `DELETE FROM push_tokens t USING unnest($1::uuid[], $2::uuid[], $3::text[]) AS dead (id, person_id, token)
      WHERE t.id = dead.id AND t.person_id = dead.person_id AND t.token = dead.token`,
      [
        dead.map(({ tokenId }) => tokenId),
        dead.map(({ personId }) => personId),
        dead.map(({ token }) => token),
      ],
    );
  }

  /** Notifications that have entries, none of which is pending, are done. Who waits for a night's end has none. */
  async settle(notificationIds: string[]): Promise<void> {
    await this.dataSource.query(
      `UPDATE notifications n SET settled_at = $2,
        withheld = CASE WHEN e.taken_back AND NOT e.reached THEN 'cancelled' ELSE n.withheld END
      FROM unnest($1::uuid[]) AS wanted (id)
      CROSS JOIN LATERAL (
        SELECT bool_and(d.status <> 'pending') AS done, bool_or(d.reason = 'cancelled') AS taken_back,
          bool_or(d.status IN ('accepted', 'unknown')) AS reached
        FROM notification_deliveries d WHERE d.notification_id = wanted.id OFFSET 0) e
      WHERE n.id = wanted.id AND n.settled_at IS NULL AND e.done`,
      [notificationIds, this.clock.now()],
    );
  }
}

/** Who switched an announcement's category off finds it nowhere, if none of their devices had it. */
async function withhold(manager: EntityManager, verdicts: readonly Verdict[]): Promise<void> {
  await manager.query(
    `UPDATE notifications n SET withheld = 'opted_out' WHERE n.id = ANY ($1) AND NOT EXISTS (
      SELECT FROM notification_deliveries d WHERE d.notification_id = n.id AND d.status IN ('accepted', 'unknown'))`,
    [verdicts.map(({ row }) => row.notification_id)],
  );
}

function due(row: Row, token: string, tokenId: string): Due {
  return {
    deliveryId: row.delivery_id,
    notificationId: row.notification_id,
    tokenId,
    personId: row.person_id,
    attempts: row.attempts,
    urgent: row.priority === 'high',
    message: {
      token,
      title: row.title,
      body: row.body,
      channelKey: row.channel_key,
      priority: row.priority,
      ...(row.expires_at && { expiresAt: row.expires_at }),
      data: {
        ...row.data,
        kind: row.kind,
        screen: row.screen,
        notification_id: row.notification_id,
        ...(row.campaign_id && { campaign_id: row.campaign_id }),
        ...(row.conversation_id && { chat_id: row.conversation_id }),
        ...(!row.conversation_id && row.request_id && { session_id: row.request_id }),
        ...(row.folded > 0 && { folded: String(row.folded) }),
      },
    },
  };
}
