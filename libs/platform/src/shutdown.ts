import { Injectable, Logger } from '@nestjs/common';
import { within } from './within';

/** All steps together, the notice included. What is left of the process's 25 s is for closing connections. */
const STEPS_MS = 20_000;
/** What a step gets all the same when those before it took everything. */
const LEAST_MS = 500;

interface Step {
  name: string;
  drain: () => Promise<void> | void;
}

/** Ends a service in order: what was started last is drained first. */
@Injectable()
export class Shutdown {
  private readonly logger = new Logger(Shutdown.name);
  private readonly steps: Step[] = [];
  private readonly stopping = new AbortController();

  /** Aborts when the service is told to stop: for what takes long, and ends beside the steps. */
  get signal(): AbortSignal {
    return this.stopping.signal;
  }

  get draining(): boolean {
    return this.signal.aborted;
  }

  /** Runs `drain` when the service is told to stop, before its connections close. */
  onDrain(name: string, drain: () => Promise<void> | void): void {
    this.steps.push({ name, drain });
  }

  /** @param noticeMs for so long everything but readiness stays as it is, until the load balancer has noticed */
  async drain(noticeMs = 0): Promise<void> {
    const until = Date.now() + STEPS_MS;
    this.stopping.abort();
    await new Promise((resolve) => setTimeout(resolve, noticeMs));
    for (const step of this.steps.splice(0).reverse()) {
      await this.run(step, Math.max(LEAST_MS, until - Date.now()));
    }
  }

  /** A step that hangs is left alone: those after it give back what others would wait for. */
  private async run({ name, drain }: Step, ms: number): Promise<void> {
    try {
      const done = await within(ms, Promise.resolve(drain()));
      if (!done) this.logger.error({ step: name }, 'draining took too long');
    } catch (err) {
      this.logger.error({ err, step: name }, 'draining failed');
    }
  }
}
