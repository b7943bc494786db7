import { Injectable } from '@nestjs/common';
import { MetricsRegistry } from '@kindline/platform';
import { Counter, Gauge, Histogram } from 'prom-client';

/** What the notification worker tells Prometheus. */
@Injectable()
export class WorkerMetrics {
  private readonly outcomes: Counter<'outcome'>;
  private readonly requests: Histogram;
  private readonly configured: Gauge;

  constructor({ registry }: MetricsRegistry) {
    this.outcomes = new Counter({
      name: 'kindline_pushes_total',
      help: 'Push attempts by outcome; pending ones are tried again',
      labelNames: ['outcome'],
      registers: [registry],
    });
    this.requests = new Histogram({
      name: 'kindline_push_call_seconds',
      help: 'Requests to FCM, one a device, answered or given up',
      buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15],
      registers: [registry],
    });
    this.configured = new Gauge({
      name: 'kindline_fcm_configured',
      help: 'Whether there are credentials for FCM: 1 or 0; without them no push is sent',
      registers: [registry],
    });
  }

  fcmConfigured(configured: boolean): void {
    this.configured.set(configured ? 1 : 0);
  }

  requestTook(seconds: number): void {
    this.requests.observe(seconds);
  }

  outcome(outcome: string): void {
    this.outcomes.inc({ outcome });
  }
}
