import { Logger } from '@nestjs/common';

export const OUTBOX_POLL_MS = 500;

/** Rows that become pushes when they are due; looked at twice a second, never twice at once. */
export abstract class Outbox {
  private readonly logger = new Logger(this.constructor.name);
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;

  /** @param batchSize a batch of fewer is the last one */
  protected constructor(private readonly batchSize: number) {}

  /** Works off what is due, up to the size of a batch. @returns how many rows */
  protected abstract batch(): Promise<number>;

  start(): void {
    this.timer = setInterval(() => {
      this.running ??= this.drain()
        .catch((err: unknown) => this.logger.warn({ err }, 'what is due could not be collected'))
        .finally(() => (this.running = undefined));
    }, OUTBOX_POLL_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
  }

  /** Works off everything that is due. */
  async drain(): Promise<void> {
    while ((await this.batch()) >= this.batchSize);
  }
}
