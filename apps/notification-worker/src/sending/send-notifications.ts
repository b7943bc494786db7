import { Inject, Injectable } from '@nestjs/common';
import { enqueue, inTransaction, type NewJob } from '@kindline/database';
import { CLOCK, type Clock } from '@kindline/platform';
import { DataSource } from 'typeorm';
import type { PushOutcome, PushSender } from '../push/push-sender';
import { PUSH_SENDER, RETRY_AFTER_MS } from '../worker-tokens';
import { WorkerMetrics } from '../worker-metrics';
import { Addressees, type Spared } from './addressees';
import { type Due, type Later, Ledger, type Settlement } from './ledger';

/** After so many tries a push is given up. */
const MOST_ATTEMPTS = 6;

/** In which manner notifications are sent. */
export interface Manner {
  /** The job that sends these again, when it is time. */
  job(notificationIds: string[]): NewJob;
  /** Most pushes of a call, which are written down together; FCM takes 500. */
  callSize: number;
  /** Of those, most requests at once; as many as the sender thinks right, if not given. */
  underWay?: number;
  /** Told of those who get no push because they are connected. */
  onConnected?(spared: Spared[]): Promise<void>;
}

const AT_ONCE: Manner = {
  job: (notificationIds) => ({ queue: 'push', task: 'notifications.send', payload: { notificationIds } }),
  callSize: 500,
};

/** Sends notifications and writes what became of each token into the ledger. Bears repeating at any point. */
@Injectable()
export class SendNotifications {
  constructor(
    private readonly dataSource: DataSource,
    private readonly addressees: Addressees,
    private readonly ledger: Ledger,
    private readonly metrics: WorkerMetrics,
    @Inject(PUSH_SENDER) private readonly sender: PushSender | undefined,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RETRY_AFTER_MS) private readonly retryAfterMs: number,
  ) {}

  /** @returns how many pushes it had to send */
  async run(notificationIds: string[], manner: Manner = AT_ONCE): Promise<number> {
    const spared = await this.addressees.open(notificationIds, this.sender !== undefined, manner.job);
    if (spared.length > 0) await manner.onConnected?.(spared);
    if (!this.sender) await this.ledger.giveUp(notificationIds);
    const { due, later } = await this.ledger.due(notificationIds);
    await this.postpone(later, manner);
    if (this.sender) {
      for (let from = 0; from < due.length; from += manner.callSize) {
        await this.call(this.sender, due.slice(from, from + manner.callSize), manner);
      }
    }
    await this.ledger.settle(notificationIds);
    return due.length;
  }

  private async postpone(later: readonly Later[], manner: Manner): Promise<void> {
    if (later.length === 0) return;
    const times = Map.groupBy(later, ({ at }) => at.getTime());
    const jobs = [...times].map(([time, waiting]) => ({
      ...manner.job([...new Set(waiting.map(({ notificationId }) => notificationId))]),
      runAt: new Date(time),
    }));
    await inTransaction(this.dataSource, (manager) => enqueue(manager, ...jobs));
  }

  private async call(sender: PushSender, wanted: Due[], manner: Manner): Promise<void> {
    // Written down before it leaves: if this process dies now, the ledger knows that an attempt was made. Of two
    // that want to send the same, one gets it.
    const claimed = await this.ledger.claim(wanted);
    const due = wanted.filter(({ deliveryId }) => claimed.has(deliveryId));
    if (due.length === 0) return;
    const outcomes = await sender.send(
      due.map(({ message }) => message),
      manner.underWay,
    );
    /** Notifications to try again, and in how many ms. */
    const again = new Map<string, number>();
    const settlements: Settlement[] = due.map((entry, index) => {
      const outcome: PushOutcome = outcomes[index] ?? { status: 'unknown', reason: 'no_answer' };
      const { settlement, retry } = this.judge(entry, outcome);
      this.metrics.outcome(settlement.status);
      if (retry) {
        const backoff = this.retryAfterMs * 2 ** entry.attempts;
        const asked = outcome.status === 'retry' ? (outcome.retryAfterMs ?? 0) : 0;
        const { notificationId } = entry;
        again.set(notificationId, Math.max(again.get(notificationId) ?? 0, backoff, asked));
      }
      return settlement;
    });
    await inTransaction(this.dataSource, async (manager) => {
      await this.ledger.record(manager, settlements);
      const now = this.clock.now().getTime();
      // One phone that is asked to wait for an hour does not hold back the others of its call.
      const waits = Map.groupBy(again.keys(), (id) => again.get(id) ?? 0);
      const jobs = [...waits].map(([waitMs, notificationIds]) => ({
        ...manner.job(notificationIds),
        runAt: new Date(now + waitMs),
      }));
      await enqueue(manager, ...jobs);
    });
  }

  private judge(entry: Due, outcome: PushOutcome): { settlement: Settlement; retry: boolean } {
    const { deliveryId, tokenId, personId, urgent, attempts } = entry;
    const left = attempts + 1 < MOST_ATTEMPTS;
    const base = { deliveryId, attempts: attempts + 1, tokenId, personId, token: entry.message.token };
    switch (outcome.status) {
      case 'accepted':
        return { settlement: { ...base, status: 'accepted', reason: null }, retry: false };
      case 'rejected':
        return {
          settlement: { ...base, status: 'rejected', reason: outcome.reason, tokenDead: outcome.tokenDead },
          retry: false,
        };
      case 'retry':
        if (!left)
          return { settlement: { ...base, status: 'rejected', reason: outcome.reason }, retry: false };
        return { settlement: { ...base, status: 'pending', reason: outcome.reason }, retry: true };
      case 'unknown':
        // Better twice than never for what cannot wait; devices drop a repeat by its notification_id.
        if (urgent && left)
          return { settlement: { ...base, status: 'pending', reason: outcome.reason }, retry: true };
        return { settlement: { ...base, status: 'unknown', reason: outcome.reason }, retry: false };
    }
  }
}
