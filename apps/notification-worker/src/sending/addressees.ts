import { Inject, Injectable } from '@nestjs/common';
import { uuidV7 } from '@kindline/database';
import { maskToken } from '@kindline/domain';
import { CLOCK, type Clock } from '@kindline/platform';
import { createHash } from 'node:crypto';
import { DataSource } from 'typeorm';
import { WhoIsConnected } from './who-is-connected';

interface Row {
  id: string;
  person_id: string;
  only_absent: boolean;
  tokens: { id: string; token: string }[] | null;
}

interface Entry {
  notificationId: string;
  tokenId: string | null;
  hash: string;
  mask: string | null;
  skipped: string | null;
}

/** Decides for each notification whom it goes to, and opens its entries in the ledger. */
@Injectable()
export class Addressees {
  constructor(
    private readonly dataSource: DataSource,
    private readonly connected: WhoIsConnected,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** One pending entry per token, or one skipped entry that says why nothing is sent. Repeating it adds nothing. */
  async open(notificationIds: string[], configured: boolean): Promise<void> {
    const rows = await this.dataSource.query<Row[]>(
      `SELECT n.id, n.person_id, n.only_absent,
        (SELECT json_agg(json_build_object('id', t.id, 'token', t.token)) FROM push_tokens t
          WHERE t.person_id = n.person_id) AS tokens
      FROM notifications n
      WHERE n.id = ANY ($1) AND n.settled_at IS NULL
        AND NOT EXISTS (SELECT FROM notification_deliveries d WHERE d.notification_id = n.id)`,
      [notificationIds],
    );
    if (rows.length === 0) return;
    const online = await this.connected.of(rows.filter((row) => row.only_absent).map((row) => row.person_id));
    const entries = rows.flatMap((row): Entry[] => {
      const skipped =
        row.only_absent && online.has(row.person_id) ? 'connected' : reasonNotToSend(row, configured);
      if (skipped) return [{ notificationId: row.id, tokenId: null, hash: '', mask: null, skipped }];
      return (row.tokens ?? []).map(({ id, token }) => ({
        notificationId: row.id,
        tokenId: id,
        hash: createHash('sha256').update(token).digest('hex'),
        mask: maskToken(token),
        skipped: null,
      }));
    });
    const now = this.clock.now();
    await this.dataSource.query(
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
        entries.map((entry) => entry.notificationId),
        entries.map((entry) => entry.tokenId),
        entries.map((entry) => entry.hash),
        entries.map((entry) => entry.mask),
        entries.map((entry) => entry.skipped),
        now,
      ],
    );
  }
}

function reasonNotToSend(row: Row, configured: boolean): string | undefined {
  if (!configured) return 'not_configured';
  return row.tokens === null ? 'no_token' : undefined;
}
