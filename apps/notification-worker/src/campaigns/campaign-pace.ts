import { Inject, Injectable } from '@nestjs/common';
import type { Rate } from '@kindline/platform';
import { setTimeout as sleep } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { CAMPAIGN_RATE } from '../worker-tokens';

/** A job that had to wait for longer would keep others from being looked at, such as one that cancels. */
const LONGEST_WAIT_MS = 2_000;
/** How far jobs that come back are spread, so that thousands of them do not come at the same moment. */
const LONGEST_SPREAD_MS = 60_000;

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
   * Takes the time of so many pushes and waits for it, if it is near. The time is Postgres', so that clocks need not
   * agree.
   * @returns undefined when they may leave, else when to ask again: nothing was taken then, unless it was aborted
   */
  async turn(count: number, signal: AbortSignal): Promise<Date | undefined> {
    if (!this.rate || count === 0) return signal.aborted ? new Date() : undefined;
    const ms = this.timeOf(count);
    const [row] = await this.dataSource.query<{ wait_ms: number }[]>(
      `INSERT INTO campaign_pace AS p (id, next_at) VALUES (true, clock_timestamp() + $1 * interval '1 ms')
      ON CONFLICT (id) DO UPDATE SET next_at = greatest(p.next_at, clock_timestamp()) + $1 * interval '1 ms'
      WHERE p.next_at <= clock_timestamp() + $2 * interval '1 ms'
      RETURNING extract(epoch FROM next_at - $1 * interval '1 ms' - clock_timestamp())::float8 * 1000 AS wait_ms`,
      [ms, LONGEST_WAIT_MS],
    );
    if (!row) return this.notBefore(ms);
    if (row.wait_ms > 1) await sleep(row.wait_ms, undefined, { signal }).catch(() => undefined);
    return signal.aborted ? new Date() : undefined;
  }

  /** Takes the time of more pushes than was asked for, or gives back that of fewer. */
  async correct(count: number): Promise<void> {
    if (!this.rate || count === 0) return;
    await this.dataSource.query(`UPDATE campaign_pace SET next_at = next_at + $1 * interval '1 ms'`, [
      this.timeOf(count),
    ]);
  }

  /** When the pace allows the next one, and later the more jobs wait for it. */
  private async notBefore(ms: number): Promise<Date> {
    const [row] = await this.dataSource.query<{ next_at: Date; waiting: number }[]>(
      `SELECT next_at, (SELECT count(*)::int FROM (SELECT FROM campaigns._private_jobs LIMIT 1000) jobs) AS waiting
      FROM campaign_pace`,
    );
    if (!row) return new Date();
    const spread = Math.min(LONGEST_SPREAD_MS, row.waiting * ms);
    return new Date(row.next_at.getTime() + Math.random() * spread);
  }

  private timeOf(count: number): number {
    return this.rate ? (count * this.rate.perMs) / this.rate.points : 0;
  }
}
