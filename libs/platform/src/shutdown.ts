import { Injectable, Logger } from '@nestjs/common';

/** Ends a service in order: what was started last is drained first. */
@Injectable()
export class Shutdown {
  private readonly logger = new Logger(Shutdown.name);
  private readonly steps: { name: string; drain: () => Promise<void> | void }[] = [];
  private started = false;

  get draining(): boolean {
    return this.started;
  }

  /** Runs `drain` when the service is told to stop, before its connections close. */
  onDrain(name: string, drain: () => Promise<void> | void): void {
    this.steps.push({ name, drain });
  }

  async drain(): Promise<void> {
    this.started = true;
    for (const { name, drain } of this.steps.splice(0).reverse()) {
      try {
        await drain();
      } catch (err) {
        this.logger.error({ err, step: name }, 'draining failed');
      }
    }
  }
}
