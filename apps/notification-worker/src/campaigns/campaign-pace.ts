import { Inject, Injectable } from '@nestjs/common';
import type { Rate } from '@kindline/platform';
import { setTimeout as sleep } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { CAMPAIGN_RATE } from '../worker-tokens';

/** The operator's rate of announcements' pushes, shared by all workers: each takes the next stretch of time. */
@Injectable()
export class CampaignPace {
  constructor(
    private readonly dataSource: DataSource,
    @Inject(CAMPAIGN_RATE) private readonly rate: Rate | undefined,
  ) {}

  /** Most pushes that may leave at once: those of a second, and at least one. */
  get burst(): number {
    if (!this.rate) return Number.MAX_SAFE_INTEGER;
    return Math.max(1, Math.floor((this.rate.points / this.rate.perMs) * 1_000));
  }

  /**
   * Resolves when so many may leave. The time is Postgres', so that clocks need not agree.
   * @returns false when it was aborted while it waited
   */
  async turn(count: number, signal: AbortSignal): Promise<boolean> {
    if (!this.rate || count === 0) return !signal.aborted;
    const [row] = await this.dataSource.query<{ wait_ms: number }[]>(
      `INSERT INTO campaign_pace AS p (id, next_at) VALUES (true, clock_timestamp() + $1 * interval '1 ms')
      ON CONFLICT (id) DO UPDATE SET next_at = greatest(p.next_at, clock_timestamp()) + $1 * interval '1 ms'
      RETURNING extract(epoch FROM next_at - $1 * interval '1 ms' - clock_timestamp())::float8 * 1000 AS wait_ms`,
      [(count * this.rate.perMs) / this.rate.points],
    );
    if (row && row.wait_ms > 1) await sleep(row.wait_ms, undefined, { signal }).catch(() => undefined);
    return !signal.aborted;
  }
}
