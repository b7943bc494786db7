import { Inject, Injectable } from '@nestjs/common';
import { enqueue, inTransaction, type NewJob } from '@kindline/database';
import { CLOCK, type Clock } from '@kindline/platform';
import { DataSource } from 'typeorm';
import type { PushOutcome, PushSender } from '../push/push-sender';
import { PUSH_SENDER, RETRY_AFTER_MS } from '../worker-tokens';
import { WorkerMetrics } from '../worker-metrics';
import { Addressees } from './addressees';
import { type Due, Ledger, type Settlement } from './ledger';

/** FCM's most messages a call. */
const CALL_SIZE = 500;
/** After so many tries a push is given up. */
const MOST_ATTEMPTS = 6;

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

  async run(notificationIds: string[]): Promise<void> {
    await this.addressees.open(notificationIds, this.sender !== undefined);
    if (!this.sender) return;
    const due = await this.ledger.due(notificationIds);
    for (let from = 0; from < due.length; from += CALL_SIZE) {
      await this.call(this.sender, due.slice(from, from + CALL_SIZE));
    }
    await this.ledger.settle(notificationIds);
  }

  private async call(sender: PushSender, due: Due[]): Promise<void> {
    // Counted before it leaves: if this process dies now, the ledger knows that an attempt was made.
    await this.ledger.attempted(due.map(({ deliveryId }) => deliveryId));
    const outcomes = await sender.send(due.map(({ message }) => message));
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
      const jobs = [...waits].map(([waitMs, notificationIds]): NewJob => ({
        queue: 'push',
        task: 'notifications.send',
        payload: { notificationIds },
        runAt: new Date(now + waitMs),
      }));
      await enqueue(manager, ...jobs);
    });
  }

  private judge(entry: Due, outcome: PushOutcome): { settlement: Settlement; retry: boolean } {
    const { deliveryId, tokenId, personId, urgent, attempts } = entry;
    const left = attempts + 1 < MOST_ATTEMPTS;
    const base = { deliveryId, tokenId, personId, token: entry.message.token };
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
