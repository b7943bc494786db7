import { Inject, Injectable } from '@nestjs/common';
import type { StatisticsView } from '@kindline/contracts';
import { CLOCK, type Clock } from '@kindline/platform';
import { DeploymentFacts, type DeploymentState } from './deployment-facts';
import { Happenings } from './happenings';

/** However many look, a replica asks this often at most. */
const LIVE_FRESH_MS = 3_000;
const HOURS_FRESH_MS = 30_000;

/** How the deployment is and what happened lately, for those who watch it. */
@Injectable()
export class Statistics {
  private readonly live: Kept<StatisticsView['live']>;
  private readonly hours: Kept<StatisticsView['hours']>;

  constructor(facts: DeploymentFacts, happenings: Happenings, @Inject(CLOCK) clock: Clock) {
    this.live = new Kept(LIVE_FRESH_MS, clock, async () => liveOf(await facts.read(), clock.now()));
    this.hours = new Kept(HOURS_FRESH_MS, clock, () => happenings.lastDay());
  }

  /** At most a few seconds old, its hours half a minute. @throws while Postgres is away */
  async read(): Promise<StatisticsView> {
    const [live, hours] = await Promise.all([this.live.get(), this.hours.get()]);
    return { live, hours };
  }
}

/** A value that is read again when it is asked for and old. Who asks at the same moment shares one look. */
class Kept<Value> {
  private reading: Promise<Value> | undefined;
  private until = -Infinity;

  constructor(
    private readonly freshMs: number,
    private readonly clock: Clock,
    private readonly read: () => Promise<Value>,
  ) {}

  get(): Promise<Value> {
    const now = this.clock.now().getTime();
    if (this.reading && now < this.until) return this.reading;
    const reading = this.read();
    this.reading = reading;
    // While it is read nobody else begins: from then on its age counts.
    this.until = Infinity;
    const settle = (until: number): void => {
      if (this.reading === reading) this.until = until;
    };
    reading.then(
      () => settle(this.clock.now().getTime() + this.freshMs),
      () => settle(-Infinity),
    );
    return reading;
  }
}

function liveOf(state: DeploymentState, readAt: Date): StatisticsView['live'] {
  return {
    read_at: readAt.toISOString(),
    programs: [...state.pendingRequests].map(([program, { oldestSeconds, ...pending }]) => ({
      program,
      open_conversations: state.openConversations.get(program) ?? 0,
      pending: { ...pending, oldest_s: oldestSeconds },
      available_helpers: state.availableHelpers.get(program) ?? null,
    })),
    open_calls: state.openCalls,
    undelivered_bookings: state.undeliveredBookings,
    queues: [...state.queues].map(([queue, { oldestDueSeconds, ...depth }]) => ({
      queue,
      ...depth,
      oldest_due_s: oldestDueSeconds,
    })),
    outboxes: [...state.outboxes].map(([outbox, { due, oldestDueSeconds }]) => ({
      outbox,
      due,
      oldest_due_s: oldestDueSeconds,
    })),
  };
}
