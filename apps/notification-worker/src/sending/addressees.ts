import { Inject, Injectable } from '@nestjs/common';
import { enqueue, inTransaction, type NewJob, uuidV7 } from '@kindline/database';
import { maskToken } from '@kindline/domain';
import { CLOCK, type Clock } from '@kindline/platform';
import { createHash } from 'node:crypto';
import { DataSource, type EntityManager } from 'typeorm';
import { CAMPAIGN_PUSH_EVERY_MS } from '../worker-tokens';
import { lockOpen } from './lock-open';
import { nightEnd, type QuietRow } from './night';
import { WhoIsConnected } from './who-is-connected';

interface Row extends QuietRow {
  id: string;
  person_id: string;
  campaign_id: string | null;
  only_absent: boolean;
  created_at: Date;
  held_until: Date | null;
  opted_out: boolean;
  /** The same news waits for the end of their quiet hours already. */
  waits_already: boolean;
  /** What it tells has been seen, or is over, since it was held. */
  outdated: boolean;
  tokens: { id: string; token: string }[] | null;
}

/** Somebody who is connected, and what they are not pushed. */
export interface Spared {
  notificationId: string;
  personId: string;
  createdAt: Date;
}

interface Entry {
  notificationId: string;
  tokenId: string | null;
  hash: string;
  mask: string | null;
  skipped: string | null;
}

/** Windows of announcements stand beside those of programs. */
const CAMPAIGNS = 'campaigns';
/** A night is shorter, with every change of the clock. */
const LONGEST_NIGHT = '26 hours';

/** Decides for each notification whom it goes to, and opens its entries in the ledger. */
@Injectable()
export class Addressees {
  constructor(
    private readonly dataSource: DataSource,
    private readonly connected: WhoIsConnected,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CAMPAIGN_PUSH_EVERY_MS) private readonly campaignEveryMs: number,
  ) {}

  /**
   * One pending entry per token, or one skipped entry that says why nothing is sent; of an announcement a skipped one
   * per token. Whose quiet hours it is has none yet: `job` sends it when they end. Repeating it adds nothing.
   * @returns those who are to be shown an announcement because they are connected
   */
  async open(
    notificationIds: string[],
    configured: boolean,
    job: (notificationIds: string[]) => NewJob,
  ): Promise<Spared[]> {
    // Asked before the transaction, so that nobody waits for Redis with rows locked.
    const online = await this.connected.of(await this.receivers(notificationIds));
    const now = this.clock.now();
    return inTransaction(this.dataSource, async (manager) => {
      const spared: Spared[] = [];
      const held = new Map<number, string[]>();
      const sendable: Row[] = [];
      const entries: Entry[] = [];
      const optedOut: string[] = [];
      for (const row of await this.unopened(manager, notificationIds)) {
        const here = row.only_absent && online.has(row.person_id);
        const reason = reasonNotToSend(row, configured, here);
        // Postgres says that their night is over: another clock may be behind it.
        const until = nightEnd(row, row.held_until && row.held_until > now ? row.held_until : now);
        if (reason === 'connected')
          spared.push({ notificationId: row.id, personId: row.person_id, createdAt: row.created_at });
        if (row.campaign_id !== null && reason === 'opted_out') optedOut.push(row.id);
        else if (reason !== undefined) entries.push(...skipped(row, reason));
        else if (until && row.waits_already) entries.push(...skipped(row, 'folded'));
        else if (until) held.set(until.getTime(), [...(held.get(until.getTime()) ?? []), row.id]);
        else if (here) entries.push(...skipped(row, 'connected'));
        else sendable.push(row);
      }
      const throttled = await this.throttled(manager, sendable, now);
      for (const row of sendable) {
        if (throttled.has(row.person_id) && row.campaign_id !== null)
          entries.push(...skipped(row, 'throttled'));
        else entries.push(...(row.tokens ?? []).map((token) => entry(row, token, null)));
      }
      await this.write(manager, entries, now);
      await this.withhold(manager, optedOut, now);
      await this.hold(manager, held, job);
      return spared;
    });
  }

  /** Those whose being connected matters. */
  private async receivers(notificationIds: string[]): Promise<string[]> {
    const rows = await this.dataSource.query<{ person_id: string }[]>(
      `SELECT person_id FROM notifications WHERE id = ANY ($1) AND settled_at IS NULL AND only_absent`,
      [notificationIds],
    );
    return rows.map(({ person_id }) => person_id);
  }

  /**
   * Locks the notifications first and reads in a fresh snapshot: what was cancelled, opened or held by somebody else
   * until then is not opened again. Uses notification_preferences_pkey, push_tokens_person and
   * notification_deliveries_token_key; what waits already is found by notifications_person. Laterals and a count,
   * because of a join or an anti-join a plan may read all tables.
   */
  private async unopened(manager: EntityManager, notificationIds: string[]): Promise<Row[]> {
    await lockOpen(manager, notificationIds);
    return manager.query<Row[]>(
      `SELECT n.id, n.person_id, n.campaign_id, n.category, n.only_absent, n.created_at, n.held_until,
        coalesce(n.category = ANY (w.opted_out), false) AS opted_out, w.quiet_from, w.quiet_to, w.time_zone,
        w.quiet_from IS NOT NULL AND n.conversation_id IS NOT NULL AND EXISTS (SELECT FROM notifications o
          WHERE o.person_id = n.person_id AND o.created_at > $2::timestamptz - $3::interval AND o.id <> n.id
            AND CASE n.category WHEN 'reminders' THEN o.category = n.category ELSE o.kind = n.kind END
            AND o.conversation_id = n.conversation_id
            AND o.held_until > clock_timestamp() AND o.settled_at IS NULL) AS waits_already,
        n.held_until IS NOT NULL AND n.conversation_id IS NOT NULL AND EXISTS (SELECT FROM conversations c
          JOIN conversation_members m ON m.conversation_id = c.id AND m.person_id = n.person_id
          WHERE c.id = n.conversation_id AND CASE
            WHEN n.kind = 'message' THEN m.last_read_seq >= c.last_seq
            WHEN n.category <> 'reminders' THEN false
            WHEN c.status = 'ended' OR c.last_activity_at > n.created_at THEN true
            ELSE n.kind <> 'expiry_warning' AND m.first_opened_at IS NOT NULL END
          ) AS outdated,
        (SELECT json_agg(json_build_object('id', t.id, 'token', t.token)) FROM push_tokens t
          WHERE t.person_id = n.person_id) AS tokens
      FROM (SELECT DISTINCT unnest($1::uuid[]) AS id) wanted
      CROSS JOIN LATERAL (SELECT * FROM notifications WHERE id = wanted.id LIMIT 1) n
      LEFT JOIN LATERAL (SELECT * FROM notification_preferences WHERE person_id = n.person_id LIMIT 1) w ON true
      WHERE n.settled_at IS NULL AND (n.held_until IS NULL OR n.held_until <= clock_timestamp())
        AND (SELECT count(*) FROM notification_deliveries d WHERE d.notification_id = n.id) = 0`,
      [notificationIds, this.clock.now(), LONGEST_NIGHT],
    );
  }

  /** Those who had an announcement's push too shortly before; the others' next one has to keep its distance. */
  private async throttled(manager: EntityManager, rows: Row[], now: Date): Promise<Set<string>> {
    const people = rows.flatMap(({ campaign_id, category, person_id }) =>
      campaign_id !== null && category !== 'transactional' ? [person_id] : [],
    );
    if (this.campaignEveryMs === 0 || people.length === 0) return new Set();
    // Everybody locks in the order of the ids, so that two pages with the same people do not dead-lock.
    const opened = await manager.query<{ person_id: string }[]>(
      `INSERT INTO push_windows AS w (person_id, program, next_at)
      SELECT id, $1, $3::timestamptz + $4 * interval '1 ms' FROM unnest($2::uuid[]) AS id ORDER BY id
      ON CONFLICT (person_id, program) DO UPDATE SET next_at = excluded.next_at WHERE w.next_at <= $3
      RETURNING person_id`,
      [CAMPAIGNS, people, now, this.campaignEveryMs],
    );
    const free = new Set(opened.map(({ person_id }) => person_id));
    return new Set(people.filter((id) => !free.has(id)));
  }

  private async write(manager: EntityManager, entries: Entry[], now: Date): Promise<void> {
    if (entries.length === 0) return;
    await manager.query(
      `WITH entries AS (
        INSERT INTO notification_deliveries
          (id, notification_id, push_token_id, token_hash, token_mask, status, reason, created_at, updated_at)
        SELECT e.id, e.notification_id, e.token_id, e.hash, e.mask,
          CASE WHEN e.skipped IS NULL THEN 'pending' ELSE 'skipped' END, e.skipped, $7, $7
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[])
          AS e (id, notification_id, token_id, hash, mask, skipped)
        ON CONFLICT DO NOTHING
        RETURNING notification_id, status
      )
      UPDATE notifications SET settled_at = $7
      WHERE id IN (SELECT notification_id FROM entries WHERE status = 'skipped')`,
      [
        entries.map(() => uuidV7()),
        entries.map((one) => one.notificationId),
        entries.map((one) => one.tokenId),
        entries.map((one) => one.hash),
        entries.map((one) => one.mask),
        entries.map((one) => one.skipped),
        now,
      ],
    );
  }

  /** Who switched an announcement's category off since it was expanded finds it nowhere. */
  private async withhold(manager: EntityManager, notificationIds: string[], now: Date): Promise<void> {
    if (notificationIds.length === 0) return;
    await manager.query(
      `UPDATE notifications SET withheld = 'opted_out', settled_at = $2 WHERE id = ANY ($1)`,
      [notificationIds, now],
    );
  }

  private async hold(
    manager: EntityManager,
    held: ReadonlyMap<number, string[]>,
    job: (notificationIds: string[]) => NewJob,
  ): Promise<void> {
    for (const [until, ids] of held) {
      const runAt = new Date(until);
      await manager.query(`UPDATE notifications SET held_until = $2 WHERE id = ANY ($1)`, [ids, runAt]);
      await enqueue(manager, { ...job(ids), runAt });
    }
  }
}

function reasonNotToSend(row: Row, configured: boolean, here: boolean): string | undefined {
  if (row.opted_out) return 'opted_out';
  // It is on their screens now, whatever the time, and whatever devices they have.
  if (row.campaign_id !== null && here) return 'connected';
  if (row.outdated) return 'outdated';
  if (!configured) return 'not_configured';
  return row.tokens === null ? 'no_token' : undefined;
}

/** An announcement is counted by devices, so each of them says why. */
function skipped(row: Row, reason: string): Entry[] {
  const tokens = row.campaign_id === null ? null : row.tokens;
  if (tokens) return tokens.map((token) => entry(row, token, reason));
  return [{ notificationId: row.id, tokenId: null, hash: '', mask: null, skipped: reason }];
}

const entry = (row: Row, { id, token }: { id: string; token: string }, reason: string | null): Entry => ({
  notificationId: row.id,
  tokenId: id,
  hash: createHash('sha256').update(token).digest('hex'),
  mask: maskToken(token),
  skipped: reason,
});
