import { Logger } from '@nestjs/common';
import { createDataSource } from '@kindline/database';
import {
  AuditLog,
  Callback,
  EventNotSentError,
  ExternalJobs,
  type JobContext,
  type JobEvents,
  RUN_EXTERNAL_JOB,
  RunExternalJob,
} from '@kindline/domain';
import { systemClock } from '@kindline/platform';
import { eventually } from '@kindline/testing';
import { Redis } from 'ioredis';
import { setTimeout as pause } from 'node:timers/promises';
import type { DataSource } from 'typeorm';
import { inSeconds, JobWorld } from './job-world';

jest.setTimeout(60_000);
// The domain's log lines, which no service of this spec prints.
Logger.overrideLogger(false);

describe('the event of a job', () => {
  let world: JobWorld;
  let heard: { channel: string; packet: unknown }[];
  let listener: Redis;

  const listen = async (): Promise<void> => {
    listener = new Redis(world.redis.url);
    listener.on('error', () => undefined);
    listener.on('pmessage', (_pattern, channel: string, message: string) =>
      heard.push({ channel, packet: JSON.parse(message) as unknown }),
    );
    await listener.psubscribe('job.*');
  };

  beforeAll(async () => {
    world = await JobWorld.start(2);
  });
  afterAll(() => world.stop());
  beforeEach(async () => {
    heard = [];
    await listen();
  });
  afterEach(() => listener.disconnect());

  it("is published once, in the transport's format, with its payload or {}", async () => {
    await world.add({ job_id: 'e1', run_at: inSeconds(0), event: 'report.due:v1', payload: ['a', { b: 1 }] });
    await world.add({ job_id: 'e2', run_at: inSeconds(0), event: 'plain' });
    await world.until('e1', 'completed');
    await world.until('e2', 'completed');
    await eventually('both are heard', () => heard.length >= 2);
    await pause(300);
    expect(heard).toHaveLength(2);
    expect(heard).toContainEqual({
      channel: 'job.report.due:v1',
      packet: { pattern: 'job.report.due:v1', data: ['a', { b: 1 }] },
    });
    expect(heard).toContainEqual({ channel: 'job.plain', packet: { pattern: 'job.plain', data: {} } });
    expect(await world.job('e1')).toMatchObject({ attempts: 1, last_error: null, callback_url: null });
  });

  it('waits while Redis is away, and is then published once', async () => {
    await world.redis.stop();
    try {
      await world.add({ job_id: 'away', run_at: inSeconds(0), event: 'away' });
      const failed = await world.untilIt('away', 'has failed', ({ last_error }) => last_error !== null);
      expect(failed).toMatchObject({
        status: 'scheduled',
        attempts: 1,
        last_error: 'Redis is out of reach: the event was not published',
      });
      expect(failed.next_run_at).not.toBeNull();
    } finally {
      await world.redis.start();
    }
    listener.disconnect();
    await listen();
    await eventually('schedulers are ready', async () => {
      const ready = await Promise.all(
        world.schedulers.map(({ port }) => fetch(`http://127.0.0.1:${port}/health/ready`)),
      );
      return ready.every(({ ok }) => ok);
    });
    await world.retryNow();
    expect(await world.until('away', 'completed')).toMatchObject({ last_error: null });
    await eventually('it is heard', () => heard.length > 0);
    await pause(200);
    expect(heard).toEqual([{ channel: 'job.away', packet: { pattern: 'job.away', data: {} } }]);
  });

  it('is not published again by whoever gets the job of a scheduler that was killed after publishing', async () => {
    await world.add({ job_id: 'killed', run_at: inSeconds(3_600), event: 'killed' });
    // What a killed scheduler leaves, once its lock is given back.
    await world.sql.query(
      `UPDATE external_jobs SET status = 'running', attempts = 1, occurrence = next_occurrence, next_occurrence = NULL
      WHERE job_id = 'killed'`,
    );
    await world.sql.query(
      `UPDATE external._private_jobs SET attempts = 1, run_at = now(),
        payload = (payload::jsonb || '{"published": true}')::json WHERE payload ->> 'jobId' = 'killed'`,
    );
    await world.until('killed', 'completed');
    await pause(200);
    expect(heard).toEqual([]);
    expect(await world.queued()).toBe(0);
  });

  describe('with what may happen while it is published', () => {
    let dataSource: DataSource;
    let jobs: ExternalJobs;
    beforeAll(async () => {
      dataSource = await createDataSource({ url: String(world.env['DATABASE_URL']) }).initialize();
      jobs = new ExternalJobs(dataSource, new AuditLog(dataSource, systemClock), systemClock, [], 'UTC');
    });
    afterAll(() => dataSource.destroy());

    interface Taken {
      id: string;
      payload: Record<string, string>;
      attempts: number;
    }
    /** The queue's row, locked as if a worker had taken it, so that no real one does. */
    async function take(jobId: string): Promise<Taken> {
      const { rows } = await world.sql.query<Taken>(
        `UPDATE external._private_jobs SET locked_at = now(), locked_by = 'test', attempts = attempts + 1
        WHERE payload ->> 'jobId' = $1 RETURNING id::text, payload, attempts`,
        [jobId],
      );
      const [row] = rows;
      if (!row) throw new Error('it is not queued');
      return row;
    }
    const run = async (events: JobEvents, { id, payload, attempts }: Taken): Promise<void> => {
      const runner = new RunExternalJob(dataSource, new Callback([]), events, systemClock);
      const context: JobContext = { id, attempts, maxAttempts: 10, signal: new AbortController().signal };
      await runner.tasks[RUN_EXTERNAL_JOB]?.(payload, context);
    };
    const published = async (jobId: string): Promise<unknown> => {
      const { rows } = await world.sql.query<{ published: unknown }>(
        `SELECT payload -> 'published' AS published FROM external._private_jobs WHERE payload ->> 'jobId' = $1`,
        [jobId],
      );
      return rows[0]?.published;
    };

    it('is committed as published before it is', async () => {
      await jobs.add({ job_id: 'order', run_at: inSeconds(3_600), event: 'order' }, 'service:test');
      const seen: unknown[] = [];
      const events = { publish: async () => void seen.push(await published('order')) };
      await run(events, await take('order'));
      expect(seen).toEqual([true]);
      // The same again, as after a kill: it is settled, and not published.
      await run(events, await take('order'));
      expect(seen).toHaveLength(1);
      expect(await jobs.get('order')).toMatchObject({ status: 'completed' });
      await jobs.remove('order', 'service:test');
    });

    it('is tried again when nobody can have heard it', async () => {
      await jobs.add({ job_id: 'unsent', run_at: inSeconds(3_600), event: 'unsent' }, 'service:test');
      const away = { publish: () => Promise.reject(new EventNotSentError()) };
      await expect(run(away, await take('unsent'))).rejects.toThrow('out of reach');
      expect(await published('unsent')).toBe(false);
      const sent: unknown[] = [];
      await run({ publish: (event) => Promise.resolve(void sent.push(event)) }, await take('unsent'));
      expect(sent).toEqual(['unsent']);
      expect(await jobs.get('unsent')).toMatchObject({ status: 'completed', attempts: 2 });
      await jobs.remove('unsent', 'service:test');
    });

    it('is given up when somebody may have heard it', async () => {
      await jobs.add({ job_id: 'unsure', run_at: inSeconds(3_600), event: 'unsure' }, 'service:test');
      await run({ publish: () => Promise.reject(new Error('Command timed out')) }, await take('unsure'));
      expect(await jobs.get('unsure')).toMatchObject({
        status: 'failed',
        attempts: 1,
        last_error: expect.stringContaining('somebody may have heard'),
      });
      await jobs.remove('unsure', 'service:test');
    });
  });
});
