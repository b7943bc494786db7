import type { Timing } from '../src/timing';

/**
 * Time that moves when a test moves it, or by what the code under test sleeps: a sleep takes no time, and the
 * clock stands at its end afterwards.
 */
export class FakeTiming implements Timing {
  readonly sleeps: number[] = [];
  /** What `random` answers. */
  chance = 0.5;
  private at = Date.parse('2030-01-07T09:00:00.000Z');
  private readonly timers = new Set<{ due: number; run: () => void }>();

  now(): number {
    return this.at;
  }

  random(): number {
    return this.chance;
  }

  after(ms: number, run: () => void): () => void {
    const timer = { due: this.at + ms, run };
    this.timers.add(timer);
    return () => this.timers.delete(timer);
  }

  async sleep(ms: number, signal: AbortSignal): Promise<void> {
    // The signal of a batch that is given up follows some promises later.
    await new Promise((resolve) => setImmediate(resolve));
    if (signal.aborted) return;
    this.sleeps.push(ms);
    this.advance(ms);
  }

  advance(ms: number): void {
    this.at += ms;
    for (const timer of [...this.timers]) {
      if (timer.due > this.at || !this.timers.delete(timer)) continue;
      timer.run();
    }
  }

  /** How many timers are set; a client at rest has none. */
  get pending(): number {
    return this.timers.size;
  }
}
