import { Inject, Injectable } from '@nestjs/common';
import { type InboxEntry, isUuid, KindlineError } from '@kindline/contracts';
import { updated } from '@kindline/database';
import { CLOCK, type Clock } from '@kindline/platform';
import { DataSource } from 'typeorm';
import { decodeCursor, encodeCursor } from '../cursor';

interface Row extends Omit<InboxEntry, 'created_at' | 'read_at'> {
  created_at: Date;
  read_at: Date | null;
}

const COLUMNS = 'n.id, c.title, c.body, c.category, c.data, n.created_at, n.read_at';
/** What a person's inbox holds, as the index notifications_inbox does. */
const SHOWN = 'n.person_id = $1 AND n.campaign_id IS NOT NULL AND n.withheld IS NULL';

/** The announcements that a person was told of: not those of a category that was switched off, nor cancelled ones. */
@Injectable()
export class Inbox {
  constructor(
    private readonly dataSource: DataSource,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Newest first, with the number of all that are unread. */
  async page(
    personId: string,
    { unread, limit, cursor }: { unread: boolean; limit: number; cursor?: string | undefined },
  ): Promise<{ notifications: InboxEntry[]; unread: number; cursor: string | null }> {
    const [before = null] = cursor === undefined ? [] : decodeCursor(cursor, 'id');
    const rows = await this.dataSource.query<Row[]>(
      `SELECT ${COLUMNS} FROM notifications n JOIN campaigns c ON c.id = n.campaign_id
      WHERE ${SHOWN} AND ($2::uuid IS NULL OR n.id < $2) AND (n.read_at IS NULL OR NOT $3)
      ORDER BY n.id DESC LIMIT $4`,
      [personId, before, unread, limit + 1],
    );
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return {
      notifications: page.map(entryOf),
      unread: await this.unread(personId),
      cursor: rows.length > limit && last ? encodeCursor(last.id) : null,
    };
  }

  /** The first time counts. @throws not_found when it is not in this person's inbox */
  async read(personId: string, id: string): Promise<InboxEntry> {
    const [row] = isUuid(id)
      ? await updated<Row>(
          this.dataSource.manager,
          `UPDATE notifications n SET read_at = coalesce(n.read_at, $3) FROM campaigns c
          WHERE ${SHOWN} AND n.id = $2 AND c.id = n.campaign_id RETURNING ${COLUMNS}`,
          [personId, id, this.clock.now()],
        )
      : [];
    if (!row) throw new KindlineError('not_found', 'There is no such notification in your inbox');
    return entryOf(row);
  }

  /** @returns how many were unread */
  async readAll(personId: string): Promise<number> {
    const [, count] = await this.dataSource.query<[unknown[], number]>(
      `UPDATE notifications n SET read_at = $2 WHERE ${SHOWN} AND n.read_at IS NULL`,
      [personId, this.clock.now()],
    );
    return count;
  }

  private async unread(personId: string): Promise<number> {
    const [row] = await this.dataSource.query<{ unread: number }[]>(
      `SELECT count(*)::int AS unread FROM notifications n WHERE ${SHOWN} AND n.read_at IS NULL`,
      [personId],
    );
    return row?.unread ?? 0;
  }
}

function entryOf({ created_at, read_at, ...row }: Row): InboxEntry {
  return { ...row, created_at: created_at.toISOString(), read_at: read_at?.toISOString() ?? null };
}
