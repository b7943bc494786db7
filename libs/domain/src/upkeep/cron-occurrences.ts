import { Inject, Injectable } from '@nestjs/common';
import { enqueue, inTransaction, type QueueName } from '@kindline/database';
import { CLOCK, type Clock } from '@kindline/platform';
import { DataSource } from 'typeorm';

/**
 * Makes each occurrence of a cron task run once, however many replicas tick: the first to write its row
 * writes its job in the same transaction, and from then on the job queue sees to it.
 */
@Injectable()
export class CronOccurrences {
  constructor(
    private readonly dataSource: DataSource,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @returns whether this call was the first for the occurrence */
  async claim(queue: QueueName, task: string, occurrence: Date): Promise<boolean> {
    return inTransaction(this.dataSource, async (manager) => {
      const rows = await manager.query<unknown[]>(
        `INSERT INTO cron_runs (task, occurrence, started_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING task`,
        [task, occurrence, this.clock.now()],
      );
      if (rows.length === 0) return false;
      await enqueue(manager, { queue, task, payload: {} });
      return true;
    });
  }
}
