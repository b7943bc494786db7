import { Inject, Injectable } from '@nestjs/common';
import type { ProgramName } from '@kindline/contracts';
import { type QueueName, QUEUES } from '@kindline/database';
import { CLOCK, type Clock } from '@kindline/platform';
import { DataSource } from 'typeorm';
import { HELPER_SEEN_WITHIN } from '../matching/eligibility';
import { CONVERSATIONS_HELD, SESSIONS_HELD } from '../matching/least-loaded';
import { PresenceDirectory } from '../presence/presence';
import type { Program } from '../programs/program';
import { Programs } from '../programs/programs';

/** Who waits for somebody, by how long; every request is in one of them. */
export interface PendingRequests {
  under_1m: number;
  under_5m: number;
  under_30m: number;
  over_30m: number;
  oldestSeconds: number;
}

export interface QueueDepth {
  due: number;
  scheduled: number;
  running: number;
  given_up: number;
  oldestDueSeconds: number;
}

export interface OutboxDepth {
  due: number;
  oldestDueSeconds: number;
}

/** How a whole deployment is, all replicas together. */
export interface DeploymentState {
  openConversations: ReadonlyMap<ProgramName, number>;
  pendingRequests: ReadonlyMap<ProgramName, PendingRequests>;
  /** Who could take one more now; without the programs whose helpers only Redis knows, while it is away. */
  availableHelpers: ReadonlyMap<ProgramName, number>;
  queues: ReadonlyMap<QueueName, QueueDepth>;
  outboxes: ReadonlyMap<string, OutboxDepth>;
  openCalls: number;
  undeliveredBookings: number;
}

const NOBODY_PENDING: PendingRequests = {
  under_1m: 0,
  under_5m: 0,
  under_30m: 0,
  over_30m: 0,
  oldestSeconds: 0,
};

/** Reads how the deployment is, for operators. Counts only, one statement after the other. */
@Injectable()
export class DeploymentFacts {
  constructor(
    private readonly dataSource: DataSource,
    private readonly presence: PresenceDirectory,
    private readonly programs: Programs,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(HELPER_SEEN_WITHIN) private readonly seenWithin: number,
  ) {}

  /** @throws while Postgres is away */
  async read(): Promise<DeploymentState> {
    const [counts] = await this.dataSource.query<[{ calls: number; bookings: number }]>(COUNTS);
    return {
      openConversations: await this.openConversations(),
      pendingRequests: await this.pendingRequests(),
      availableHelpers: await this.availableHelpers(),
      queues: await this.queues(),
      outboxes: await this.outboxes(),
      openCalls: counts.calls,
      undeliveredBookings: counts.bookings,
    };
  }

  private async openConversations(): Promise<Map<ProgramName, number>> {
    const rows = await this.dataSource.query<{ program: ProgramName; open: number }[]>(OPEN);
    return this.perProgram(new Map(rows.map(({ program, open }) => [program, open])), 0);
  }

  private async pendingRequests(): Promise<Map<ProgramName, PendingRequests>> {
    const rows = await this.dataSource.query<({ program: ProgramName } & PendingRequests)[]>(PENDING);
    return this.perProgram(
      new Map(rows.map(({ program, ...pending }) => [program, pending])),
      NOBODY_PENDING,
    );
  }

  private async availableHelpers(): Promise<Map<ProgramName, number>> {
    const available = new Map<ProgramName, number>();
    for (const program of this.programs.all()) {
      const helpers = await this.helpersOf(program);
      if (helpers !== undefined) available.set(program.name, helpers);
    }
    return available;
  }

  /** Where helpers are chosen they say themselves that they are available; elsewhere they are while connected. */
  private async helpersOf(program: Program): Promise<number | undefined> {
    const chosen = program.asks === 'chosen';
    const among = chosen ? [] : await this.presence.helpers(program.helperRole).catch(() => undefined);
    if (!among) return undefined;
    const [{ available }] = await this.dataSource.query<[{ available: number }]>(
      `SELECT count(*)::int AS available
      FROM helper_profiles h
      JOIN person_roles r ON r.person_id = h.person_id AND r.role = $3 AND r.seen_at > $4
      CROSS JOIN LATERAL (${program.anonymous ? SESSIONS_HELD : CONVERSATIONS_HELD}) load
      WHERE h.active AND ${chosen ? 'h.available' : 'h.person_id = ANY ($5)'}
        AND load.open < coalesce((h.capacities ->> $1)::int, $2)`,
      [
        program.name,
        program.capacity,
        program.helperRole,
        new Date(this.clock.now().getTime() - this.seenWithin),
        ...(chosen ? [] : [among]),
      ],
    );
    return available;
  }

  private async queues(): Promise<Map<QueueName, QueueDepth>> {
    const rows = await this.dataSource.query<({ queue: QueueName } & QueueDepth)[]>(
      QUEUES.map(depthOf).join(' UNION ALL '),
    );
    return new Map(rows.map(({ queue, ...depth }) => [queue, depth]));
  }

  private async outboxes(): Promise<Map<string, OutboxDepth>> {
    const rows = await this.dataSource.query<({ outbox: string } & OutboxDepth)[]>(OUTBOXES);
    return new Map(rows.map(({ outbox, ...depth }) => [outbox, depth]));
  }

  /** A program of which nothing is found has a value all the same: its series must not vanish. */
  private perProgram<Value>(
    found: ReadonlyMap<ProgramName, Value>,
    otherwise: Value,
  ): Map<ProgramName, Value> {
    return new Map(this.programs.all().map(({ name }) => [name, found.get(name) ?? otherwise]));
  }
}

const COUNTS = `SELECT
  (SELECT count(*) FROM call_records WHERE status <> 'ended')::int AS calls,
  (SELECT count(*) FROM booking_notifications WHERE delivered_at IS NULL)::int AS bookings`;

const OPEN = `SELECT program, count(*)::int AS open FROM conversations WHERE status = 'active' GROUP BY program
  UNION ALL SELECT program, count(*)::int FROM anonymous_sessions WHERE status = 'active' GROUP BY program`;

// Whoever lost their helper waits since then, not since they asked.
const PENDING = `SELECT program,
    count(*) FILTER (WHERE age < 60)::int AS under_1m,
    count(*) FILTER (WHERE age >= 60 AND age < 300)::int AS under_5m,
    count(*) FILTER (WHERE age >= 300 AND age < 1800)::int AS under_30m,
    count(*) FILTER (WHERE age >= 1800)::int AS over_30m,
    greatest(max(age), 0)::float8 AS "oldestSeconds"
  FROM (
    SELECT program, extract(epoch FROM now() - since) AS age FROM (
      SELECT program, created_at AS since FROM help_requests WHERE status = 'pending'
      UNION ALL
      SELECT program, CASE WHEN returned THEN changed_at ELSE created_at END FROM anonymous_sessions
        WHERE status = 'queued'
      UNION ALL
      SELECT program, waiting_since FROM conversations WHERE waiting_since IS NOT NULL
    ) pending
  ) ages GROUP BY program`;

const depthOf = (queue: QueueName): string => `SELECT '${queue}' AS queue,
    count(*) FILTER (WHERE waits AND run_at <= now())::int AS due,
    count(*) FILTER (WHERE waits AND run_at > now())::int AS scheduled,
    count(*) FILTER (WHERE locked_at IS NOT NULL)::int AS running,
    count(*) FILTER (WHERE locked_at IS NULL AND NOT waits)::int AS given_up,
    coalesce(extract(epoch FROM now() - min(run_at) FILTER (WHERE waits AND run_at <= now())), 0)::float8
      AS "oldestDueSeconds"
  FROM (SELECT run_at, locked_at, locked_at IS NULL AND attempts < max_attempts AS waits
    FROM ${queue}._private_jobs) jobs`;

const outbox = (
  name: string,
  due: string,
  from: string,
): string => `SELECT '${name}' AS outbox, count(*)::int AS due,
    coalesce(extract(epoch FROM now() - min(${due})), 0)::float8 AS "oldestDueSeconds" FROM ${from}`;
const OUTBOXES = [
  outbox('messages', 'push_due_at', 'conversation_members WHERE push_due_at <= now()'),
  outbox('bookings', 'push_due_at', 'booking_notifications WHERE push_due_at <= now()'),
  outbox(
    'sessions',
    'due',
    `(SELECT seeker_push_due_at AS due FROM anonymous_sessions WHERE seeker_push_due_at <= now()
      UNION ALL SELECT helper_push_due_at FROM anonymous_sessions WHERE helper_push_due_at <= now()) pushes`,
  ),
  outbox('held', 'next_at', `push_windows WHERE held <> '{}' AND next_at <= now()`),
].join(' UNION ALL ');
