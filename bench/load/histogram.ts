const GROWTH = Math.log(1.02);
const BUCKETS = 1_024;

/** Latencies in buckets that grow by 2 %: as exact as needed, and small enough to send to the parent process. */
export class Histogram {
  private constructor(private readonly counts: number[]) {}

  static empty(): Histogram {
    return new Histogram(new Array<number>(BUCKETS).fill(0));
  }

  /** Several processes' histograms, as one. */
  static merge(all: readonly (readonly number[])[]): Histogram {
    const merged = Histogram.empty();
    for (const counts of all) counts.forEach((count, bucket) => merged.add(bucket, count));
    return merged;
  }

  record(milliseconds: number): void {
    const microseconds = Math.max(1, milliseconds * 1_000);
    this.add(Math.min(BUCKETS - 1, Math.floor(Math.log(microseconds) / GROWTH)), 1);
  }

  /** @returns milliseconds below which this share (0 to 1) of what was recorded lies; NaN when there is nothing */
  percentile(share: number): number {
    const total = this.counts.reduce((sum, count) => sum + count, 0);
    let seen = 0;
    for (const [bucket, count] of this.counts.entries()) {
      seen += count;
      if (total > 0 && seen >= share * total) return Math.exp((bucket + 0.5) * GROWTH) / 1_000;
    }
    return NaN;
  }

  toJSON(): number[] {
    return this.counts;
  }

  private add(bucket: number, count: number): void {
    this.counts[bucket] = (this.counts[bucket] ?? 0) + count;
  }
}
