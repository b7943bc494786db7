import { Injectable, Logger } from '@nestjs/common';
import { DeploymentFacts, type DeploymentState } from '@kindline/domain';
import { MetricsRegistry, within } from '@kindline/platform';
import { Gauge } from 'prom-client';

/** However many scrape, the deployment is looked at this often at most. */
const FRESH_MS = 10_000;
/** Prometheus gives up on a scrape after 10 s: one that has to wait shows what was known before. */
const WAIT_MS = 2_000;

const WAITING = ['under_1m', 'under_5m', 'under_30m', 'over_30m'] as const;
const STATES = ['due', 'scheduled', 'running', 'given_up'] as const;

/**
 * How the whole deployment is, for Prometheus. Every scheduler tells the same, so that it is known while one of them
 * lives. While Postgres is away the last values stay, and the time they were read at stands still.
 */
@Injectable()
export class DeploymentMetrics {
  private readonly logger = new Logger(DeploymentMetrics.name);
  private readAt = -Infinity;
  private reading: Promise<void> | undefined;
  private readonly show: (state: DeploymentState) => void;

  constructor(
    private readonly facts: DeploymentFacts,
    { registry }: MetricsRegistry,
  ) {
    const refresh = (): Promise<void> => this.refresh();
    const gauge = <Label extends string>(name: string, help: string, labelNames: Label[]): Gauge<Label> =>
      new Gauge({ name: `kindline_${name}`, help, labelNames, registers: [registry], collect: refresh });

    const open = gauge('open_conversations', 'Conversations and anonymous sessions that go on', ['program']);
    const pending = gauge('pending_requests', 'People who wait for somebody, by how long', [
      'program',
      'waiting',
    ]);
    const oldest = gauge('oldest_pending_request_seconds', 'How long the first of them has waited', [
      'program',
    ]);
    const helpers = gauge('available_helpers', 'Helpers who could take one more now', ['program']);
    const jobs = gauge('queue_jobs', 'Jobs', ['queue', 'state']);
    const late = gauge('queue_oldest_due_seconds', 'How late the oldest job is that is due', ['queue']);
    const outbox = gauge('outbox_due', 'Pushes that are due and have no job', ['outbox']);
    const outboxLate = gauge('outbox_oldest_due_seconds', 'How late the oldest of them is', ['outbox']);
    const calls = gauge('open_calls', 'Calls that ring or go on', []);
    const bookings = gauge('undelivered_bookings', 'Bookings that wait for their facilitators', []);
    const readAt = gauge('deployment_read_timestamp_seconds', 'When all this was read, since 1970', []);

    this.show = (state) => {
      for (const [program, count] of state.openConversations) open.set({ program }, count);
      for (const [program, waits] of state.pendingRequests) {
        for (const waiting of WAITING) pending.set({ program, waiting }, waits[waiting]);
        oldest.set({ program }, waits.oldestSeconds);
      }
      helpers.reset();
      for (const [program, count] of state.availableHelpers) helpers.set({ program }, count);
      for (const [queue, depth] of state.queues) {
        for (const kind of STATES) jobs.set({ queue, state: kind }, depth[kind]);
        late.set({ queue }, depth.oldestDueSeconds);
      }
      for (const [name, { due, oldestDueSeconds }] of state.outboxes) {
        outbox.set({ outbox: name }, due);
        outboxLate.set({ outbox: name }, oldestDueSeconds);
      }
      calls.set(state.openCalls);
      bookings.set(state.undeliveredBookings);
      readAt.set(Date.now() / 1_000);
    };
  }

  /** Each gauge asks before it answers, and all of one scrape share a look. */
  private async refresh(): Promise<void> {
    if (Date.now() - this.readAt < FRESH_MS) return;
    this.reading ??= this.read().finally(() => (this.reading = undefined));
    await within(WAIT_MS, this.reading);
  }

  private async read(): Promise<void> {
    try {
      this.show(await this.facts.read());
    } catch (err) {
      this.logger.warn({ err }, 'the state of the deployment could not be read');
    }
    this.readAt = Date.now();
  }
}
