import { Logger } from '@nestjs/common';
import { createDataSource, createPool } from '@kindline/database';
import {
  AuditLog,
  Callback,
  ExternalJobs,
  type JobContext,
  RUN_EXTERNAL_JOB,
  RunExternalJob,
} from '@kindline/domain';
import { createTestDatabase, FakeClock, type TestDatabase } from '@kindline/testing';
import type { Pool } from 'pg';
import type { DataSource } from 'typeorm';
import { JobTarget } from './job-target';

jest.setTimeout(60_000);
// The domain's log lines, which no service of this spec prints.
Logger.overrideLogger(false);

const ACTOR = 'service:test';

/** Time is in the test's hand, and no worker runs: the test executes what is due, as the queue would. */
describe('a cron job', () => {
  let database: TestDatabase;
  let target: JobTarget;
  let sql: Pool;
  let dataSource: DataSource;
  let clock: FakeClock;
  let jobs: ExternalJobs;
  let runner: RunExternalJob;

  beforeAll(async () => {
    [database, target] = await Promise.all([createTestDatabase(), JobTarget.start()]);
    sql = createPool(database.url, 'test', 2);
    dataSource = await createDataSource({ url: database.url }).initialize();
  });
  afterAll(async () => {
    await dataSource.destroy();
    await sql.end();
    await target.stop();
    await database.drop();
  });

  async function at(start: string): Promise<void> {
    clock = new FakeClock(start);
    await sql.query('DELETE FROM external_jobs');
    await sql.query('DELETE FROM external._private_jobs');
    target.calls.length = 0;
    const origins = [target.origin];
    jobs = new ExternalJobs(dataSource, new AuditLog(dataSource, clock), clock, origins, 'Europe/Berlin');
    const events = { publish: () => Promise.resolve() };
    runner = new RunExternalJob(dataSource, new Callback(origins), events, clock);
  }

  interface Queued {
    id: string;
    payload: Record<string, string>;
    run_at: Date;
    attempts: number;
  }
  const queued = async (): Promise<Queued[]> => {
    const { rows } = await sql.query<Queued>(
      `SELECT id::text, payload, run_at, attempts FROM external._private_jobs
      WHERE attempts < max_attempts ORDER BY run_at, id`,
    );
    return rows;
  };

  /** Runs one as a worker would. @returns whether it went well */
  async function execute({ id, payload, attempts }: Queued): Promise<boolean> {
    const context: JobContext = {
      id,
      attempts: attempts + 1,
      maxAttempts: 10,
      signal: new AbortController().signal,
    };
    await sql.query(`UPDATE external._private_jobs SET attempts = attempts + 1 WHERE id = $1`, [id]);
    try {
      await runner.tasks[RUN_EXTERNAL_JOB]?.(payload, context);
      await sql.query('DELETE FROM external._private_jobs WHERE id = $1', [id]);
      return true;
    } catch {
      const again = new Date(clock.now().getTime() + Math.exp(attempts + 1) * 1_000);
      await sql.query('UPDATE external._private_jobs SET run_at = $2 WHERE id = $1', [id, again]);
      return false;
    }
  }

  /** Lets time pass until there, each job running at its moment. @returns when something ran */
  async function passUntil(end: string): Promise<string[]> {
    const ran: string[] = [];
    for (;;) {
      const [next] = await queued();
      if (!next || next.run_at > new Date(end)) break;
      if (next.run_at > clock.now()) clock.moveTo(next.run_at);
      await execute(next);
      ran.push(clock.now().toISOString());
    }
    clock.moveTo(new Date(end));
    return ran;
  }

  it.each([
    // 02:30 does not exist on 29 March, and comes twice on 25 October.
    [
      'Europe/Berlin',
      '2026-03-27T12:00:00Z',
      '2026-03-31T12:00:00Z',
      ['28T01:30', '29T01:30', '30T00:30', '31T00:30'],
    ],
    [
      'Europe/Berlin',
      '2026-10-23T12:00:00Z',
      '2026-10-27T12:00:00Z',
      ['24T00:30', '25T00:30', '26T01:30', '27T01:30'],
    ],
    ['Asia/Kolkata', '2026-03-27T12:00:00Z', '2026-03-30T12:00:00Z', ['27T21:00', '28T21:00', '29T21:00']],
  ])('of 02:30 in %s from %s runs once a day', async (time_zone, start, end, expected) => {
    await at(start);
    await jobs.add(
      { job_id: 'daily', cron: '30 2 * * *', time_zone, callback_url: `${target.origin}/daily` },
      ACTOR,
    );
    const ran = await passUntil(end);
    expect(ran.map((time) => time.slice(8, 16))).toEqual(expected);
    expect(target.calls).toHaveLength(expected.length);
    expect(new Set(target.keys('/daily')).size).toBe(expected.length);
    expect(await jobs.get('daily')).toMatchObject({ status: 'scheduled', attempts: 1, last_error: null });
    expect(await queued()).toHaveLength(1);
  });

  it('makes up once for what a downtime left out, and goes on with the next', async () => {
    await at('2026-05-01T11:30:00Z');
    await jobs.add({ job_id: 'hourly', cron: '0 * * * *', callback_url: `${target.origin}/hourly` }, ACTOR);
    clock.moveTo(new Date('2026-05-01T17:20:00Z'));
    const [missed, ...others] = await queued();
    expect([missed?.run_at.toISOString(), others.length]).toEqual(['2026-05-01T12:00:00.000Z', 0]);
    expect(await passUntil('2026-05-01T19:00:00Z')).toEqual([
      '2026-05-01T17:20:00.000Z',
      '2026-05-01T18:00:00.000Z',
      '2026-05-01T19:00:00.000Z',
    ]);
    expect(target.calls).toHaveLength(3);
  });

  it('goes on while an occurrence is tried again; each has its own key and its own tries', async () => {
    await at('2026-05-01T11:59:30Z');
    // The first occurrence never succeeds, the others do.
    let bad: string | undefined;
    const url = target.on('/mixed', (response, { key }) => {
      bad ??= key;
      response.writeHead(key === bad ? 500 : 204).end();
    });
    await jobs.add({ job_id: 'mixed', cron: '* * * * *', callback_url: url }, ACTOR);
    await passUntil('2026-05-01T12:05:30Z');
    const keys = target.keys('/mixed');
    expect(new Set(keys).size).toBe(6);
    // At 0, 2.7, 10, 30 and 85 s, and at 233 s.
    expect(keys.filter((key) => key === bad)).toHaveLength(6);
    expect(await jobs.get('mixed')).toMatchObject({
      status: 'scheduled',
      attempts: 1,
      last_error: null,
      next_run_at: '2026-05-01T12:06:00.000Z',
    });
  });

  it('shows its error, and as failed when an occurrence is given up, until one succeeds again', async () => {
    await at('2026-05-01T11:30:00Z');
    let status = 500;
    const url = target.on('/down', (response) => response.writeHead(status).end());
    await jobs.add({ job_id: 'down', cron: '0 12 * * *', time_zone: 'UTC', callback_url: url }, ACTOR);
    await passUntil('2026-05-01T12:00:01Z');
    const first = await jobs.get('down');
    expect(first).toMatchObject({ status: 'scheduled', attempts: 1, last_error: 'answered 500' });
    expect(first.next_run_at).toBe('2026-05-01T12:00:02.718Z');
    await passUntil('2026-05-01T16:00:00Z');
    expect(target.calls).toHaveLength(10);
    expect(await jobs.get('down')).toMatchObject({
      status: 'failed',
      attempts: 10,
      last_error: 'answered 500',
      next_run_at: '2026-05-02T12:00:00.000Z',
    });
    status = 204;
    await passUntil('2026-05-02T12:00:00Z');
    expect(await jobs.get('down')).toMatchObject({ status: 'scheduled', attempts: 1, last_error: null });
  });

  it('shows as failed when an occurrence is given up that later ones have overtaken, none with success', async () => {
    await at('2026-05-01T11:30:00Z');
    const url = target.on('/hour', (response) => response.writeHead(503).end());
    await jobs.add({ job_id: 'hour', cron: '0 * * * *', callback_url: url }, ACTOR);
    await passUntil('2026-05-01T15:40:00Z');
    expect(await jobs.get('hour')).toMatchObject({ status: 'failed', last_error: 'answered 503' });
  });

  it('runs an occurrence again with the same key when whoever ran it vanished', async () => {
    await at('2026-05-01T11:59:30Z');
    await jobs.add({ job_id: 'twice', cron: '0 * * * *', callback_url: `${target.origin}/twice` }, ACTOR);
    clock.moveTo(new Date('2026-05-01T12:00:00Z'));
    const [job] = await queued();
    if (!job) throw new Error('nothing is queued');
    await runner.tasks[RUN_EXTERNAL_JOB]?.(job.payload, {
      id: job.id,
      attempts: 1,
      maxAttempts: 10,
      signal: new AbortController().signal,
    });
    await execute({ ...job, attempts: 1 });
    expect(target.calls).toHaveLength(2);
    expect(new Set(target.keys('/twice')).size).toBe(1);
    expect(await queued()).toHaveLength(1);
  });
});
