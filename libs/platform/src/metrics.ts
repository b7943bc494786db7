import { Controller, Get, Header, Injectable, SetMetadata } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import { ACCESS_RULE } from './access';
import { HealthChecks } from './health';
import { Shutdown } from './shutdown';
import { VERSION } from './version';

/** What the metrics need to know of a connection pool; pg's has it. */
export interface PoolCounts {
  readonly totalCount: number;
  readonly idleCount: number;
  readonly waitingCount: number;
  readonly options: { readonly max: number };
}

/** This process's metrics: those that every service has, and on `registry` each service's own. */
@Injectable()
export class MetricsRegistry {
  readonly registry = new Registry();
  private readonly limits: Counter<'limit'>;
  private readonly pools = new Map<string, PoolCounts>();

  constructor(health: HealthChecks, shutdown: Shutdown) {
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry });
    new Gauge({
      name: 'kindline_check_up',
      help: 'Whether what the service needs to be ready answers: 1 or 0',
      labelNames: ['check'],
      registers,
      async collect() {
        for (const [check, failure] of await health.run()) {
          this.set({ check }, failure === undefined ? 1 : 0);
        }
      },
    });
    new Gauge({
      name: 'kindline_draining',
      help: 'Whether the service is about to stop: 1 or 0',
      registers,
      collect() {
        this.set(shutdown.draining ? 1 : 0);
      },
    });
    const { pools } = this;
    new Gauge({
      name: 'kindline_postgres_pool_connections',
      help: 'Connections to Postgres, and callers that wait for one',
      labelNames: ['pool', 'state'],
      registers,
      collect() {
        for (const [pool, { totalCount, idleCount, waitingCount }] of pools) {
          this.set({ pool, state: 'busy' }, totalCount - idleCount);
          this.set({ pool, state: 'idle' }, idleCount);
          this.set({ pool, state: 'waiting' }, waitingCount);
        }
      },
    });
    new Gauge({
      name: 'kindline_postgres_pool_size',
      help: 'Connections to Postgres that a pool opens at most',
      labelNames: ['pool'],
      registers,
      collect() {
        for (const [pool, { options }] of pools) this.set({ pool }, options.max);
      },
    });
    this.limits = new Counter({
      name: 'kindline_rate_limited_total',
      help: 'What was refused by a rate limit',
      labelNames: ['limit'],
      registers,
    });
  }

  /** Says which service this is. */
  service(name: string): void {
    new Gauge({
      name: 'kindline_build_info',
      help: 'Which service and version runs; always 1',
      labelNames: ['app', 'version'],
      registers: [this.registry],
    }).set({ app: name, version: VERSION }, 1);
  }

  /** @param name bounded: a series per state is kept for each */
  pool(name: string, counts: PoolCounts): void {
    this.pools.set(name, counts);
  }

  /** @param limit the rate's name, never whom it held back */
  limited(limit: string): void {
    this.limits.inc({ limit });
  }
}

/** `GET /metrics` for Prometheus. */
@ApiExcludeController()
@Controller('metrics')
export class MetricsController {
  constructor(private readonly metrics: MetricsRegistry) {}

  @Get()
  @SetMetadata(ACCESS_RULE, 'public')
  @Header('Content-Type', 'text/plain; version=0.0.4; charset=utf-8')
  async read(): Promise<string> {
    return this.metrics.registry.metrics();
  }
}
