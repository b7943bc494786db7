import { createPool } from '@kindline/database';
import { Redis } from 'ioredis';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Histogram } from '../load/histogram';
import type { Settings } from '../settings';
import type { Infra } from '../setup/infra';
import { cpuSeconds, familyCpuSeconds } from '../setup/proc';
import { type Server, SERVICE_TOKEN, startScheduler } from '../setup/servers';

/** What one scheduler process does while so many jobs wait for a later day. */
export interface JobsResult {
  pending: number;
  /** By HTTP, 8 callers side by side. */
  addsPerSecond: number;
  removesPerSecond: number;
  /** ms after the moment at which all of them were due. */
  callbackP50: number;
  callbackP99: number;
  eventP50: number;
  eventP99: number;
  /** Of a core, with nothing due: the whole scheduler, and Postgres. */
  idleScheduler: number;
  idlePostgres: number;
  /** Callbacks and events that came twice or not at all, and unexpected answers: must be 0. */
  faults: number;
}

const CALLERS = 8;
const LATER = '2099-01-01T00:00:00Z';

/** When which callback or event arrived. */
class Arrivals {
  readonly at = new Map<string, number>();
  twice = 0;

  note(id: string): void {
    if (this.at.has(id)) this.twice += 1;
    else this.at.set(id, Date.now());
  }
}

/** A scheduler and who calls it. */
class JobBench {
  private unexpected = 0;

  constructor(
    private readonly server: Server,
    private readonly origin: string,
    private readonly arrived: Arrivals,
  ) {}

  get faults(): number {
    return this.arrived.twice + this.unexpected;
  }

  /** @returns calls per second */
  async each(ids: readonly string[], call: (id: string) => Promise<void>): Promise<number> {
    const began = performance.now();
    const left = ids.values();
    await Promise.all(
      Array.from({ length: CALLERS }, async () => {
        for (const id of left) await call(id);
      }),
    );
    return (ids.length / (performance.now() - began)) * 1_000;
  }

  add(id: string, job: object): Promise<void> {
    return this.call('POST', '/jobs', 201, { job_id: id, payload: { id }, ...job });
  }

  remove(id: string): Promise<void> {
    return this.call('DELETE', `/jobs/${id}`, 204);
  }

  /** So many, all due at the same moment; in ms after it. */
  async lateness(name: string, count: number, kind: 'callback' | 'event'): Promise<Histogram> {
    const target = kind === 'callback' ? { callback_url: `${this.origin}/` } : { event: 'bench' };
    const due = Math.ceil(Date.now() / 1_000) * 1_000 + Math.max(3, count / 160) * 1_000;
    const ids = Array.from({ length: count }, (_, n) => `${name}-${n}`);
    const run_at = new Date(due).toISOString();
    await this.each(ids, (id) => this.add(id, { ...target, run_at }));
    if (Date.now() > due) throw new Error('adding the jobs took longer than until they were due');
    const until = due + 60_000;
    while (Date.now() < until && !ids.every((id) => this.arrived.at.has(id))) await sleep(100);
    const histogram = Histogram.empty();
    for (const id of ids) {
      const at = this.arrived.at.get(id);
      if (at === undefined || at < due) this.unexpected += 1;
      else histogram.record(at - due);
    }
    return histogram;
  }

  private async call(method: string, path: string, expected: number, body?: object): Promise<void> {
    const response = await fetch(`${this.server.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${SERVICE_TOKEN}`,
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    await response.arrayBuffer();
    if (response.status !== expected) this.unexpected += 1;
  }
}

/** The same with nothing and with many jobs waiting, in turns. */
export async function measureJobs(
  settings: Settings,
  infra: Infra,
  say: (line: string) => void,
): Promise<JobsResult[]> {
  const arrivals = new Arrivals();
  const target = createServer((request, response) => {
    request.setEncoding('utf8');
    let body = '';
    request.on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      arrivals.note((JSON.parse(body) as { id: string }).id);
      response.writeHead(204).end();
    });
  });
  target.listen(0, '127.0.0.1');
  await once(target, 'listening');
  const origin = `http://127.0.0.1:${(target.address() as AddressInfo).port}`;
  const redis = new Redis(infra.redisUrl);
  redis.on('message', (_channel: string, message: string) =>
    arrivals.note((JSON.parse(message) as { data: { id: string } }).data.id),
  );
  await redis.subscribe('job.bench');
  const server = await startScheduler(infra, origin);
  const bench = new JobBench(server, origin, arrivals);
  const warmUp = await bench.lateness('warm-up', 200, 'callback');
  if (Number.isNaN(warmUp.percentile(0.5))) throw new Error('nothing was called back');
  const results: JobsResult[] = [];
  for (let round = 1; round <= settings.rounds; round++) {
    for (const pending of [0, settings.pendingJobs]) {
      await fill(infra, pending);
      const result = await measure(bench, settings, infra, server, `${round}-${pending}`, pending);
      results.push(result);
      say(
        `  round ${round}, ${pending} pending: ${Math.round(result.addsPerSecond)} adds/s, ` +
          `${Math.round(result.removesPerSecond)} removes/s, callbacks late by ${result.callbackP50.toFixed(0)} ms ` +
          `(p50), ${result.callbackP99.toFixed(0)} ms (p99)`,
      );
    }
  }
  redis.disconnect();
  await server.stop();
  target.closeAllConnections();
  target.close();
  return results;
}

async function measure(
  bench: JobBench,
  { jobsDue, idleMs }: Settings,
  infra: Infra,
  server: Server,
  name: string,
  pending: number,
): Promise<JobsResult> {
  const faultsBefore = bench.faults;
  const ids = Array.from({ length: jobsDue * 2 }, (_, n) => `later-${name}-${n}`);
  const later = { run_at: LATER, event: 'bench' };
  const addsPerSecond = await bench.each(ids, (id) => bench.add(id, later));
  const removesPerSecond = await bench.each(ids, (id) => bench.remove(id));
  const callback = await bench.lateness(`callback-${name}`, jobsDue, 'callback');
  const event = await bench.lateness(`event-${name}`, jobsDue, 'event');
  await sleep(1_000);
  const before = [cpuSeconds(server.pid), familyCpuSeconds(infra.postgresPid), performance.now()] as const;
  await sleep(idleMs);
  const seconds = (performance.now() - before[2]) / 1_000;
  return {
    pending,
    addsPerSecond,
    removesPerSecond,
    callbackP50: callback.percentile(0.5),
    callbackP99: callback.percentile(0.99),
    eventP50: event.percentile(0.5),
    eventP99: event.percentile(0.99),
    idleScheduler: (cpuSeconds(server.pid) - before[0]) / seconds,
    idlePostgres: (familyCpuSeconds(infra.postgresPid) - before[1]) / seconds,
    faults: bench.faults - faultsBefore,
  };
}

/** Nothing but so many jobs of a far year, as the service would have written them. */
async function fill({ databaseUrl }: Infra, pending: number): Promise<void> {
  const pool = createPool(databaseUrl, 'bench', 1, 300_000);
  try {
    await pool.query('TRUNCATE external_jobs, external._private_jobs');
    await pool.query(
      `INSERT INTO external_jobs (job_id, generation, run_at, event, payload, status, next_occurrence, created_at,
        updated_at, created_by)
      SELECT 'pending-' || n, gen_random_uuid(), at, 'bench', '{}', 'scheduled', at, now(), now(), 'service:bench'
      FROM (SELECT n, '2098-01-01'::timestamptz + n * interval '1 s' AS at FROM generate_series(1, $1::int) AS n) jobs`,
      [pending],
    );
    // Not by add_job: within one transaction its plan would still be the one for an empty table.
    await pool.query(
      `INSERT INTO external._private_jobs (task_id, key, run_at, max_attempts, payload)
      SELECT task.id, generation || '.' || (extract(epoch FROM next_occurrence) * 1000)::bigint, next_occurrence, 10,
        json_build_object('jobId', job_id, 'generation', generation, 'occurrence', next_occurrence)
      FROM external_jobs, external._private_tasks task WHERE task.identifier = 'job.run'`,
    );
    await pool.query('VACUUM ANALYZE external_jobs');
    await pool.query('VACUUM ANALYZE external._private_jobs');
    await pool.query('CHECKPOINT');
  } finally {
    await pool.end();
  }
}
