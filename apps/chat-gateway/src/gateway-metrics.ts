import { Injectable } from '@nestjs/common';
import { MetricsRegistry } from '@kindline/platform';
import { Counter, Gauge, Histogram } from 'prom-client';
import { Connections } from './sockets/connections';

/** What the gateway tells Prometheus. */
@Injectable()
export class GatewayMetrics {
  private deliveries = 0;
  private readonly repairs: Counter;
  private readonly bookings: Counter;
  private readonly batches: Histogram;

  constructor({ registry }: MetricsRegistry, connections: Connections) {
    const registers = [registry];
    new Gauge({
      name: 'kindline_sockets',
      help: 'Sockets connected to this gateway',
      registers,
      collect() {
        this.set(connections.socketCount);
      },
    });
    new Gauge({
      name: 'kindline_connected_people',
      help: 'People with at least one socket on this gateway',
      registers,
      collect() {
        this.set(connections.personCount);
      },
    });
    // A plain number on the hot path; prom-client's own `inc` looks its labels up each time.
    const delivered = (): number => this.deliveries;
    new Counter({
      name: 'kindline_messages_delivered_total',
      help: 'Messages emitted to sockets',
      registers,
      collect() {
        this.reset();
        this.inc(delivered());
      },
    });
    this.repairs = new Counter({
      name: 'kindline_messages_repaired_total',
      help: 'Messages fetched from Postgres because their news were missed',
      registers,
    });
    this.bookings = new Counter({
      name: 'kindline_bookings_emitted_total',
      help: "Booking notifications emitted to facilitators' sockets",
      registers,
    });
    this.batches = new Histogram({
      name: 'kindline_message_batch_size',
      help: 'Messages committed together',
      buckets: [1, 2, 4, 8, 16, 32, 64, 128],
      registers,
    });
  }

  delivered(): void {
    this.deliveries++;
  }

  repaired(count: number): void {
    this.repairs.inc(count);
  }

  bookingsEmitted(count: number): void {
    this.bookings.inc(count);
  }

  batch(size: number): void {
    this.batches.observe(size);
  }
}
