import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import type { QueueName } from '@kindline/database';
import { CronOccurrences, localPattern, nextInstant } from '@kindline/domain';
import { SCHEDULER_ENV, type SchedulerEnv } from './scheduler-env';

/** Everything that runs by the clock: minute, hour … in the operator's time zone. */
const CRON: readonly { task: string; queue: QueueName; pattern: string }[] = [
  { task: 'tokens.validate', queue: 'push', pattern: '0 3 * * *' },
  { task: 'helpers.check', queue: 'timers', pattern: '30 3 * * *' },
  { task: 'retention', queue: 'timers', pattern: '15 * * * *' },
  { task: 'retention.texts', queue: 'timers', pattern: '*/5 * * * *' },
];

/** Timers stand still while the machine sleeps, and the clock may be set: so we look at it this often. */
const LOOK_MS = 60_000;

/** Ticks on every replica; the occurrence's row decides who writes the job. */
@Injectable()
export class Cron implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(Cron.name);
  private readonly timers = new Map<string, NodeJS.Timeout>();

  constructor(
    private readonly occurrences: CronOccurrences,
    @Inject(SCHEDULER_ENV) private readonly env: SchedulerEnv,
  ) {}

  onApplicationBootstrap(): void {
    for (const { task, queue, pattern } of CRON) this.arm(task, queue, pattern, new Date());
  }

  onApplicationShutdown(): void {
    for (const timer of this.timers.values()) clearTimeout(timer);
  }

  /** The first occurrence of a task after this instant; every replica finds the same one. */
  next(pattern: string, after: Date): Date {
    return nextInstant(localPattern(pattern), this.env.TIME_ZONE, after);
  }

  /** Queues this occurrence of a task, unless another replica has. */
  async tick(queue: QueueName, task: string, occurrence: Date): Promise<void> {
    try {
      await this.occurrences.claim(queue, task, occurrence);
    } catch (err) {
      this.logger.error({ err, task, occurrence }, 'a scheduled task could not be queued');
    }
  }

  private arm(task: string, queue: QueueName, pattern: string, after: Date): void {
    const occurrence = this.next(pattern, after);
    const look = (): void => {
      const left = occurrence.getTime() - Date.now();
      if (left > 0) return void this.timers.set(task, setTimeout(look, Math.min(left, LOOK_MS)));
      void this.tick(queue, task, occurrence);
      this.arm(task, queue, pattern, new Date());
    };
    look();
  }
}
