import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '@kindline/platform';
import { DataSource, type EntityManager } from 'typeorm';
import type { PushMessage } from '../push/push-sender';

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
  tokenId: string;
  personId: string;
  token: string;
  status: 'accepted' | 'rejected' | 'unknown' | 'pending';
  reason: string | null;
  tokenDead?: boolean;
}

interface Row {
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
}

/** `notification_deliveries`: one entry per notification and token, and what became of it. */
@Injectable()
export class Ledger {
  constructor(
    private readonly dataSource: DataSource,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Entries that were attempted by a process that died then are unknown, unless they are urgent. */
  async interrupted(notificationIds: string[]): Promise<void> {
    await this.dataSource.query(
      `UPDATE notification_deliveries d SET status = 'unknown', reason = 'interrupted', updated_at = $2
      FROM notifications n
      WHERE d.notification_id = ANY ($1) AND n.id = d.notification_id AND d.status = 'pending'
        AND d.attempts > 0 AND d.reason IS NULL AND n.priority <> 'high'`,
      [notificationIds, this.clock.now()],
    );
  }

  /**
   * What is still to be sent. An entry that is too late to be of use, or whose token left its person meanwhile, is
   * skipped; see `interrupted` for those that were attempted. Looks first and writes only where there is something to
   * write: nearly always there is not.
   */
  async due(notificationIds: string[]): Promise<Due[]> {
    const rows = await this.pending(notificationIds);
    const dead = rows.filter((row) => row.attempts > 0 && row.reason === null && row.priority !== 'high');
    if (dead.length > 0) await this.interrupted(notificationIds);
    const alive = rows.filter((row) => !dead.includes(row));
    const useless = alive.filter((row) => row.expired || row.token === null);
    if (useless.length > 0) await this.skip(useless);
    return alive.flatMap((row) =>
      row.token && row.token_id && !row.expired ? [due(row, row.token, row.token_id)] : [],
    );
  }

  /**
   * Laterals, because only nested loops are right for a page of ids: a plan from when the tables were small reads
   * all of them for each page. Uses notifications_pkey, notification_deliveries_token_key and push_tokens_pkey.
   */
  private async pending(notificationIds: string[]): Promise<Row[]> {
    return this.dataSource.query<Row[]>(
      `SELECT d.id AS delivery_id, n.id AS notification_id, t.id AS token_id, n.person_id, d.attempts, d.reason,
        n.priority, t.token, coalesce(n.title, c.title) AS title, coalesce(n.body, c.body) AS body, c.data,
        n.campaign_id, n.kind, n.screen, n.channel_key, n.conversation_id, n.request_id, n.folded, n.expires_at,
        coalesce(n.expires_at <= $2, false) AS expired
      FROM (SELECT DISTINCT unnest($1::uuid[]) AS id) wanted
      CROSS JOIN LATERAL (SELECT * FROM notifications WHERE id = wanted.id LIMIT 1) n
      CROSS JOIN LATERAL (SELECT * FROM notification_deliveries
        WHERE notification_id = wanted.id AND status = 'pending' OFFSET 0) d
      LEFT JOIN LATERAL (SELECT * FROM push_tokens
        WHERE id = d.push_token_id AND person_id = n.person_id LIMIT 1) t ON true
      LEFT JOIN campaigns c ON c.id = n.campaign_id`,
      [notificationIds, this.clock.now()],
    );
  }

  private async skip(rows: readonly Row[]): Promise<void> {
    await this.dataSource.query(
      `UPDATE notification_deliveries d SET status = 'skipped', reason = s.reason, updated_at = $3
      FROM unnest($1::uuid[], $2::text[]) AS s (id, reason) WHERE d.id = s.id AND d.status = 'pending'`,
      [
        rows.map((row) => row.delivery_id),
        rows.map((row) => (row.expired ? 'expired' : 'no_token')),
        this.clock.now(),
      ],
    );
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

  /** Writes outcomes, and retires dead tokens where they are still their person's. */
  async record(manager: EntityManager, settlements: Settlement[]): Promise<void> {
    await manager.query(
      `UPDATE notification_deliveries d SET status = s.status, reason = s.reason, updated_at = $4
      FROM unnest($1::uuid[], $2::text[], $3::text[]) AS s (id, status, reason) WHERE d.id = s.id`,
      [
        settlements.map(({ deliveryId }) => deliveryId),
        settlements.map(({ status }) => status),
        settlements.map(({ reason }) => reason),
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
      `UPDATE notifications n SET settled_at = $2
      WHERE n.id = ANY ($1) AND n.settled_at IS NULL AND (
        SELECT bool_and(d.status <> 'pending') FROM notification_deliveries d WHERE d.notification_id = n.id)`,
      [notificationIds, this.clock.now()],
    );
  }
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
