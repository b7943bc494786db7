import { Injectable } from '@nestjs/common';
import { MetricsRegistry } from '@kindline/platform';
import { Counter } from 'prom-client';

/** What the notification worker tells Prometheus. */
@Injectable()
export class WorkerMetrics {
  private readonly outcomes: Counter<'outcome'>;

  constructor({ registry }: MetricsRegistry) {
    this.outcomes = new Counter({
      name: 'kindline_pushes_total',
      help: 'Push attempts by outcome; pending ones are tried again',
      labelNames: ['outcome'],
      registers: [registry],
    });
  }

  outcome(outcome: string): void {
    this.outcomes.inc({ outcome });
  }
}
