import { Injectable } from '@nestjs/common';
import { MetricsRegistry } from '@kindline/platform';
import { Counter, Gauge } from 'prom-client';
import { Connections } from './sockets/connections';

/** What the gateway tells Prometheus. */
@Injectable()
export class GatewayMetrics {
  private deliveries = 0;
  private readonly repairs: Counter;
  private readonly bookings: Counter;

  constructor(
    private readonly metrics: MetricsRegistry,
    connections: Connections,
  ) {
    const registers = [metrics.registry];
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
  }

  /** @param counts the sockets of each namespace, now */
  sockets(counts: () => Iterable<readonly [namespace: string, sockets: number]>): void {
    new Gauge({
      name: 'kindline_sockets',
      help: 'Sockets connected to this gateway, also those that have not shown a token yet',
      labelNames: ['socket_namespace'],
      registers: [this.metrics.registry],
      collect() {
        for (const [name, sockets] of counts()) this.set({ socket_namespace: name }, sockets);
      },
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
}
