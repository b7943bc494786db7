import { Inject, Injectable, Logger } from '@nestjs/common';
import { CLOCK, type Clock } from '@kindline/platform';
import { DataSource } from 'typeorm';
import type { PushSender } from '../push/push-sender';
import { PUSH_SENDER } from '../worker-tokens';

const PAGE = 100;
/** A run that was interrupted goes on with what it had not looked at. */
const FRESH_MS = 20 * 3_600_000;

/** Asks FCM by dry run which tokens are dead, and retires them. */
@Injectable()
export class TokenValidation {
  private readonly logger = new Logger(TokenValidation.name);

  constructor(
    private readonly dataSource: DataSource,
    @Inject(PUSH_SENDER) private readonly sender: PushSender | undefined,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async run(): Promise<{ validated: number; retired: number }> {
    const counts = { validated: 0, retired: 0 };
    if (!this.sender) return counts;
    const before = new Date(this.clock.now().getTime() - FRESH_MS);
    let after = '00000000-0000-0000-0000-000000000000';
    for (;;) {
      const tokens = await this.dataSource.query<{ id: string; token: string }[]>(
        `SELECT id, token FROM push_tokens WHERE id > $1 AND (validated_at IS NULL OR validated_at < $2)
        ORDER BY id LIMIT $3`,
        [after, before, PAGE],
      );
      const last = tokens.at(-1);
      if (!last) break;
      after = last.id;
      await this.page(this.sender, tokens, counts);
    }
    this.logger.log(counts, 'push tokens validated');
    return counts;
  }

  private async page(
    sender: PushSender,
    tokens: { id: string; token: string }[],
    counts: { validated: number; retired: number },
  ): Promise<void> {
    const outcomes = await Promise.all(tokens.map(({ token }) => sender.validate(token)));
    const dead = tokens.filter((_, index) => {
      const outcome = outcomes[index];
      return outcome?.status === 'rejected' && outcome.tokenDead;
    });
    // Only if it is still the same token: a device may have registered again meanwhile.
    await this.dataSource.query(
      `DELETE FROM push_tokens t USING unnest($1::uuid[], $2::text[]) AS dead (id, token)
      WHERE t.id = dead.id AND t.token = dead.token`,
      [dead.map(({ id }) => id), dead.map(({ token }) => token)],
    );
    await this.dataSource.query(`UPDATE push_tokens SET validated_at = $2 WHERE id = ANY ($1)`, [
      tokens.filter((_, index) => outcomes[index]?.status !== 'retry').map(({ id }) => id),
      this.clock.now(),
    ]);
    counts.validated += tokens.length;
    counts.retired += dead.length;
  }
}
