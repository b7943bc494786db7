import { Inject, Injectable } from '@nestjs/common';
import { KindlineError } from '@kindline/contracts';
import { inTransaction, uuidV7 } from '@kindline/database';
import { CLOCK, type Clock } from '@kindline/platform';
import { DataSource } from 'typeorm';

/** Devices a person may have; the one unseen for longest gives way. */
export const TOKENS_PER_PERSON = 20;

/** A token as it may be shown and logged: enough to recognise it, not enough to use it. */
export function maskToken(token: string): string {
  return token.length >= 20 ? `${token.slice(0, 6)}…${token.slice(-4)}` : '…';
}

/** Devices that can be pushed to. A token that moves to another account leaves the first one. */
@Injectable()
export class PushTokens {
  constructor(
    private readonly dataSource: DataSource,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async register(personId: string, token: string, platform: 'android' | 'ios' | 'web'): Promise<void> {
    await inTransaction(this.dataSource, async (manager) => {
      // One registration of a person at a time: each would count without the others' devices, and keep too many.
      // With whoever has the token now, in one order: two accounts that exchange devices were a dead-lock.
      await manager.query(
        `SELECT FROM people WHERE id IN ($1, (SELECT person_id FROM push_tokens WHERE token = $2))
        ORDER BY id FOR NO KEY UPDATE`,
        [personId, token],
      );
      await manager.query(
        `INSERT INTO push_tokens AS t (id, person_id, token, platform, created_at, seen_at) VALUES ($1, $2, $3, $4, $5, $5)
        ON CONFLICT (token) DO UPDATE SET person_id = $2, platform = $4, seen_at = $5,
          created_at = CASE WHEN t.person_id = $2 THEN t.created_at ELSE $5 END`,
        [uuidV7(), personId, token, platform, this.clock.now()],
      );
      await manager.query(
        // The person again: one that moves to another account just now is not ours to remove.
        `DELETE FROM push_tokens WHERE person_id = $1 AND id IN (
          SELECT id FROM push_tokens WHERE person_id = $1 ORDER BY seen_at DESC, id DESC OFFSET $2)`,
        [personId, TOKENS_PER_PERSON],
      );
    });
  }

  /** @throws not_found when it is not this person's */
  async remove(personId: string, token: string): Promise<void> {
    const [, removed] = await this.dataSource.query<[unknown[], number]>(
      `DELETE FROM push_tokens WHERE person_id = $1 AND token = $2`,
      [personId, token],
    );
    if (removed === 0) throw new KindlineError('not_found', 'There is no such push token');
  }

  async newestOf(personId: string): Promise<string | undefined> {
    const [row] = await this.dataSource.query<{ token: string }[]>(
      `SELECT token FROM push_tokens WHERE person_id = $1 ORDER BY seen_at DESC, id DESC LIMIT 1`,
      [personId],
    );
    return row?.token;
  }
}
