import { Inject, Injectable } from '@nestjs/common';
import type { ProgramName } from '@kindline/contracts';
import { MetricsRegistry } from '@kindline/platform';
import { Counter, Histogram } from 'prom-client';
import { WRITER_POOL, type WriterPool } from './writer-pool';

/** What a service that takes messages tells Prometheus of them. */
@Injectable()
export class MessageMetrics {
  private readonly storedCounts = new Map<ProgramName, number>();
  private readonly batches: Histogram;
  private readonly commits: Histogram;

  constructor(metrics: MetricsRegistry, @Inject(WRITER_POOL) pool: WriterPool) {
    metrics.pool('writer', pool);
    const registers = [metrics.registry];
    // Plain numbers on the hot path; prom-client's own `inc` looks its labels up each time.
    const counts = this.storedCounts;
    new Counter({
      name: 'kindline_messages_stored_total',
      help: 'Messages committed, retries aside',
      labelNames: ['program'],
      registers,
      collect() {
        this.reset();
        for (const [program, count] of counts) this.inc({ program }, count);
      },
    });
    this.batches = new Histogram({
      name: 'kindline_message_batch_size',
      help: 'Messages committed together',
      buckets: [1, 2, 4, 8, 16, 32, 64, 128],
      registers,
    });
    this.commits = new Histogram({
      name: 'kindline_message_commit_seconds',
      help: "From the arrival of a batch's first message to its commit",
      buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
      registers,
    });
  }

  committed(messages: number, seconds: number): void {
    this.batches.observe(messages);
    this.commits.observe(seconds);
  }

  stored(program: ProgramName, messages: number): void {
    this.storedCounts.set(program, (this.storedCounts.get(program) ?? 0) + messages);
  }
}
