import { Inject, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import type { QueueName } from '@kindline/database';
import { CronOccurrences } from '@kindline/domain';
import { CronJob } from 'cron';
import { SCHEDULER_ENV, type SchedulerEnv } from './scheduler-env';

/** Everything that runs by the clock: minute, hour … in the operator's time zone. */
const CRON: readonly { task: string; queue: QueueName; pattern: string }[] = [
  { task: 'tokens.validate', queue: 'push', pattern: '0 0 3 * * *' },
  { task: 'helpers.check', queue: 'timers', pattern: '0 30 3 * * *' },
  { task: 'retention', queue: 'timers', pattern: '0 15 * * * *' },
];

const MINUTE_MS = 60_000;

/** Ticks on every replica; the occurrence's row decides who writes the job. */
@Injectable()
export class Cron implements OnApplicationBootstrap {
  private readonly logger = new Logger(Cron.name);

  constructor(
    private readonly registry: SchedulerRegistry,
    private readonly occurrences: CronOccurrences,
    @Inject(SCHEDULER_ENV) private readonly env: SchedulerEnv,
  ) {}

  onApplicationBootstrap(): void {
    for (const { task, queue, pattern } of CRON) {
      const job: CronJob = CronJob.from({
        cronTime: pattern,
        timeZone: this.env.TIME_ZONE,
        onTick: (): Promise<void> => this.tick(queue, task, job.lastDate() ?? new Date()),
      });
      this.registry.addCronJob(task, job);
      job.start();
    }
  }

  /** The occurrence of a task at about `at`; other replicas tick for it as well. */
  async tick(queue: QueueName, task: string, at: Date): Promise<void> {
    // Every pattern is of whole minutes; a tick that comes late, or a clock that is off, is still the same one.
    const occurrence = new Date(Math.round(at.getTime() / MINUTE_MS) * MINUTE_MS);
    try {
      await this.occurrences.claim(queue, task, occurrence);
    } catch (err) {
      this.logger.error({ err, task, occurrence }, 'a scheduled task could not be queued');
    }
  }
}
