interface Waiting {
  alone: boolean;
  start: () => void;
}

/**
 * The order of one socket's events. Clients send without waiting for acks: what must not overtake what was sent
 * before it (a cancellation its request, an end the last message) runs alone, after everything before it and
 * before everything after it. All else runs side by side, at once.
 */
export class Turns {
  private readonly waiting: Waiting[] = [];
  private running = 0;
  private alone = false;
  private rest: (() => void) | undefined;

  /** Calls `start`, at once where nothing stands before it. `done` must follow, once. */
  enter(alone: boolean, start: () => void): void {
    if (this.waiting.length === 0 && this.mayRun(alone)) this.run({ alone, start });
    else this.waiting.push({ alone, start });
  }

  done(): void {
    this.running--;
    this.alone = false;
    for (let next = this.waiting[0]; next && this.mayRun(next.alone); next = this.waiting[0]) {
      this.waiting.shift();
      this.run(next);
    }
    if (this.running === 0) this.rest?.();
  }

  /** Resolves when nothing runs or waits. */
  async idle(): Promise<void> {
    if (this.running > 0) await new Promise<void>((resolve) => (this.rest = resolve));
  }

  private mayRun(alone: boolean): boolean {
    return !this.alone && (!alone || this.running === 0);
  }

  private run({ alone, start }: Waiting): void {
    this.running++;
    this.alone = alone;
    start();
  }
}
