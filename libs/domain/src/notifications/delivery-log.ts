import { Injectable } from '@nestjs/common';
import type { deliveryPage } from '@kindline/contracts';
import { DataSource } from 'typeorm';
import type { z } from 'zod';
import { decodeCursor, encodeCursor } from '../cursor';

type Entry = z.infer<typeof deliveryPage>['deliveries'][number];

interface Row extends Omit<Entry, 'tokens' | 'timeStamp'> {
  token: string | null;
  created_at: Date;
  position: string;
}

/** One that is settled without an entry was withheld. */
const STATUS = `coalesce(d.status, CASE WHEN n.settled_at IS NULL THEN 'pending' ELSE 'skipped' END)`;

/** What was sent to whom, and what became of it. A notification that is not worked off yet shows as pending. */
@Injectable()
export class DeliveryLog {
  constructor(private readonly dataSource: DataSource) {}

  async page(filter: {
    sub?: string | undefined;
    kind?: string | undefined;
    status?: string | undefined;
    limit: number;
    cursor?: string | undefined;
  }): Promise<{ deliveries: Entry[]; cursor: string | null }> {
    const [position, id] = filter.cursor ? decodeCursor(filter.cursor, 'time', 'id') : [];
    const rows = await this.dataSource.query<Row[]>(
      `SELECT coalesce(d.id, n.id) AS id, n.id AS notification_id, p.sub, n.kind, d.token_mask AS token,
        sender.email AS sender, n.conversation_id AS chat_id,
        coalesce(n.title, c.title) AS title, coalesce(n.body, c.body) AS body, n.channel_key AS "channelKey", n.screen,
        ${STATUS} AS status, coalesce(d.reason, n.withheld) AS reason, coalesce(d.attempts, 0) AS attempts,
        n.created_at, n.created_at::text AS position
      FROM notifications n
      JOIN people p ON p.id = n.person_id
      LEFT JOIN notification_deliveries d ON d.notification_id = n.id
      LEFT JOIN campaigns c ON c.id = n.campaign_id
      LEFT JOIN people sender ON sender.id = n.sender_id
      WHERE ($1::text IS NULL OR p.sub = $1) AND ($2::text IS NULL OR n.kind = $2)
        AND ($3::text IS NULL OR ${STATUS} = $3)
        AND ($4::text IS NULL OR (n.created_at, coalesce(d.id, n.id)) < ($4::timestamptz, $5::uuid))
      ORDER BY n.created_at DESC, coalesce(d.id, n.id) DESC LIMIT $6`,
      [
        filter.sub ?? null,
        filter.kind ?? null,
        filter.status ?? null,
        position ?? null,
        id ?? null,
        filter.limit + 1,
      ],
    );
    const page = rows.slice(0, filter.limit);
    const last = page.at(-1);
    return {
      deliveries: page.map(({ token, created_at, position: _position, ...entry }) => ({
        ...entry,
        tokens: token === null ? [] : [token],
        timeStamp: created_at.toISOString(),
      })),
      cursor: rows.length > filter.limit && last ? encodeCursor(last.position, last.id) : null,
    };
  }
}
