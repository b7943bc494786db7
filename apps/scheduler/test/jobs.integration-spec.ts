import { createPool } from '@kindline/database';
import type { RunningService } from '@kindline/platform';
import { JobWorker } from '@kindline/domain';
import {
  type Build,
  buildServices,
  eventually,
  type OwnServer,
  type ServiceProcess,
  startRedis,
  startServiceProcess,
  TEST_JWT_SECRET,
  TEST_SERVICE_TOKEN,
} from '@kindline/testing';
import type { Pool } from 'pg';
import { startScheduler } from '../src/start';
import { TimerWorld } from './timer-world';

jest.setTimeout(120_000);

interface JobRow {
  id: string;
  locked_by: string | null;
  attempts: number;
}

const quiet = { error: () => undefined, warn: () => undefined };

describe('jobs', () => {
  let world: TimerWorld;
  let sql: Pool;

  beforeAll(async () => {
    world = await TimerWorld.start();
    sql = world.sql;
  });
  afterAll(() => world.stop());
  beforeEach(() => world.clear());

  async function addJob(task: string, payload: object = {}): Promise<string> {
    const { rows } = await sql.query<{ id: string }>(`SELECT (timers.add_job($1, $2::json)).id::text`, [
      task,
      JSON.stringify(payload),
    ]);
    const [row] = rows;
    if (!row) throw new Error('no job was added');
    return row.id;
  }
  async function job(id: string): Promise<JobRow | undefined> {
    const { rows } = await sql.query<JobRow>(
      `SELECT id::text, locked_by, attempts FROM timers._private_jobs WHERE id = $1`,
      [id],
    );
    return rows[0];
  }
  const lockAs = (workerId: string, jobId: string, secondsAgo: number): Promise<unknown> =>
    sql.query(
      `UPDATE timers._private_jobs SET locked_by = $1, locked_at = now() - $3 * interval '1 s', attempts = 1
      WHERE id = $2`,
      [workerId, jobId, secondsAgo],
    );
  const heartbeat = (workerId: string, secondsAgo: number): Promise<unknown> =>
    sql.query(
      `INSERT INTO worker_heartbeats (worker_id, queue, seen_at) VALUES ($1, 'timers', now() - $2 * interval '1 s')`,
      [workerId, secondsAgo],
    );

  describe('of a worker that fell silent', () => {
    const worker = (): JobWorker => new JobWorker({ pool: sql, queue: 'timers', tasks: {}, log: quiet });

    it('are given back when it has not been heard of for half a minute', async () => {
      const id = await addJob('never.run');
      await lockAs('dead-1', id, 31);
      await heartbeat('dead-1', 31);
      await worker().giveBack();
      expect(await job(id)).toEqual({ id, locked_by: null, attempts: 1 });
    });

    it('are given back when it died before its first heartbeat', async () => {
      const id = await addJob('never.run');
      await lockAs('dead-2', id, 31);
      await worker().giveBack();
      expect((await job(id))?.locked_by).toBeNull();
    });

    it('stay with a worker that lives, however long they take', async () => {
      const id = await addJob('never.run');
      await lockAs('living', id, 3_600);
      await heartbeat('living', 5);
      await worker().giveBack();
      expect((await job(id))?.locked_by).toBe('living');
    });

    it('stay with the runner that is at them, which says so by the name it locks them with', async () => {
      const release = Promise.withResolvers<void>();
      const running = new JobWorker({
        pool: sql,
        queue: 'timers',
        tasks: { 'takes.long': () => release.promise },
        log: quiet,
      });
      await running.start();
      try {
        const id = await addJob('takes.long');
        const owner = await eventually('it is taken', async () => (await job(id))?.locked_by ?? undefined);
        await sql.query(
          `UPDATE timers._private_jobs SET locked_at = now() - interval '1 hour' WHERE id = $1`,
          [id],
        );
        await worker().giveBack();
        expect((await job(id))?.locked_by).toBe(owner);
      } finally {
        release.resolve();
        await running.stop();
      }
    });

    it('stay with one whose heartbeat is not yet overdue', async () => {
      const id = await addJob('never.run');
      await lockAs('starting', id, 29);
      await worker().giveBack();
      expect((await job(id))?.locked_by).toBe('starting');
    });

    it('are given back by several at once without harm', async () => {
      const id = await addJob('never.run');
      await lockAs('dead-3', id, 60);
      await Promise.all(Array.from({ length: 4 }, () => worker().giveBack()));
      expect(await job(id)).toEqual({ id, locked_by: null, attempts: 1 });
    });
  });

  it('run again when they fail', async () => {
    const attempts: number[] = [];
    const worker = new JobWorker({
      pool: sql,
      queue: 'timers',
      tasks: {
        'fails.once': (_payload, { attempts: attempt }) => {
          attempts.push(attempt);
          if (attempt === 1) throw new Error('the first time fails');
        },
      },
      pollIntervalMs: 100,
      log: quiet,
    });
    await worker.start();
    try {
      const id = await addJob('fails.once');
      await eventually('the failing job is through', async () => (await job(id)) === undefined);
      expect(attempts).toEqual([1, 2]);
    } finally {
      await worker.stop();
    }
  });

  it('are finished before a worker that is told to stop leaves, and its heartbeat goes with it', async () => {
    const started = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    let finished = false;
    const worker = new JobWorker({
      pool: sql,
      queue: 'timers',
      tasks: {
        slow: async () => {
          started.resolve();
          await release.promise;
          finished = true;
        },
      },
      log: quiet,
    });
    await worker.start();
    const id = await addJob('slow');
    await started.promise;
    const owner = (await job(id))?.locked_by;
    // Postgres takes its time to hear that the job is done.
    const busy = await sql.connect();
    try {
      await busy.query('BEGIN');
      await busy.query('SELECT FROM timers._private_jobs WHERE id = $1 FOR UPDATE', [id]);
      let left = false;
      const stopped = worker.stop().finally(() => (left = true));
      release.resolve();
      await eventually('the job waits to be written down as done', async () => {
        const { rows } = await sql.query(
          `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'delete from%_private_jobs%'`,
        );
        return rows.length > 0;
      });
      expect({ finished, left }).toEqual({ finished: true, left: false });
      await busy.query('COMMIT');
      expect(await stopped).toBe(true);
    } finally {
      busy.release(true);
    }
    expect(await job(id)).toBeUndefined();
    const { rows } = await sql.query('SELECT FROM worker_heartbeats WHERE worker_id = $1', [owner]);
    expect(rows).toHaveLength(0);
  });

  it('run elsewhere at once when they outlast the time that a worker has to leave, and lose no attempt by it', async () => {
    const runs: string[] = [];
    const hang = Promise.withResolvers<void>();
    const worker = (name: string, work: () => Promise<void> | void): JobWorker =>
      new JobWorker({
        pool: sql,
        queue: 'timers',
        tasks: {
          hangs: (_payload, { attempts }) => {
            runs.push(`${name}, attempt ${attempts}`);
            return work();
          },
        },
        pollIntervalMs: 100,
        log: quiet,
      });
    const [leaving, staying] = [worker('first', () => hang.promise), worker('second', () => undefined)];
    await leaving.start();
    const id = await addJob('hangs');
    await eventually('it runs', () => runs.length === 1);
    // Its last attempt.
    await sql.query(`UPDATE timers._private_jobs SET max_attempts = 1 WHERE id = $1`, [id]);
    await staying.start();
    try {
      expect(await leaving.stop(100)).toBe(false);
      await eventually('it is through', async () => (await job(id)) === undefined, 2_000);
      expect(runs).toEqual(['first, attempt 1', 'second, attempt 1']);
    } finally {
      hang.resolve();
      await staying.stop();
    }
  });

  it('run at once when what they failed for is over, and no others', async () => {
    let away = true;
    const worker = new JobWorker({
      pool: sql,
      queue: 'timers',
      tasks: {
        'needs.redis': () => {
          if (away) throw new Error('Redis is away');
        },
      },
      pollIntervalMs: 100,
      log: quiet,
    });
    await worker.start();
    try {
      const failed = await addJob('needs.redis');
      await eventually('it has failed', async () => {
        const row = await job(failed);
        return row?.attempts === 1 && row.locked_by === null;
      });
      const [later, givenUp] = [await addJob('needs.redis'), await addJob('needs.redis')];
      await eventually('they have failed', async () =>
        (await Promise.all([later, givenUp].map(job))).every(
          (row) => row?.attempts === 1 && row.locked_by === null,
        ),
      );
      await sql.query(
        `UPDATE timers._private_jobs SET run_at = now() + interval '1 hour',
          attempts = CASE WHEN id = $1 THEN 3 WHEN id = $2 THEN 0 ELSE max_attempts END
        WHERE id = ANY ($3)`,
        [failed, later, [failed, later, givenUp]],
      );
      away = false;
      await worker.retryNow();
      await eventually('it has run', async () => (await job(failed)) === undefined, 3_000);
      const { rows } = await sql.query<{ id: string }>(
        `SELECT id::text FROM timers._private_jobs WHERE id = ANY ($1) AND run_at > now() + interval '59 minutes'
        ORDER BY run_at, attempts`,
        [[later, givenUp]],
      );
      expect(rows.map(({ id }) => id)).toEqual([later, givenUp]);
    } finally {
      await worker.stop();
    }
  });

  describe('of a worker whose first heartbeat fails', () => {
    let pool: Pool;
    let warnings: string[];
    let worker: JobWorker;

    beforeEach(() => {
      pool = createPool(world.databaseUrl, 'test', 8);
      warnings = [];
      const note = (_: object, message: string): void => void warnings.push(message);
      worker = new JobWorker({
        pool,
        queue: 'timers',
        tasks: { 'any.job': () => undefined },
        concurrency: 2,
        pollIntervalMs: 100,
        log: { error: note, warn: note },
      });
    });
    afterEach(async () => {
      await worker.stop();
      // Not waited for: a connection that is held for ever would hold this for ever, too.
      void pool.end();
    });

    const heartbeats = async (): Promise<number> => {
      const { rowCount } = await sql.query('SELECT FROM worker_heartbeats');
      return rowCount ?? 0;
    };
    const hideHeartbeats = (): Promise<unknown> =>
      sql.query('ALTER TABLE worker_heartbeats RENAME TO hidden_heartbeats');
    const showHeartbeats = (): Promise<unknown> =>
      sql.query('ALTER TABLE IF EXISTS hidden_heartbeats RENAME TO worker_heartbeats');

    /** One runner listens, and none of it outlives `stop`. */
    async function expectOneRunner(): Promise<void> {
      const id = await addJob('any.job');
      await eventually('the job has run', async () => (await job(id)) === undefined);
      await eventually('the next heartbeat', async () => (await heartbeats()) > 0);
      expect(await heartbeats()).toBe(1);
      await worker.stop();
      expect(await heartbeats()).toBe(0);
      await eventually('no connection is held', () => pool.totalCount === pool.idleCount, 3_000);
    }

    it('run all the same, by one runner that leaves nothing behind', async () => {
      await sql.query('DELETE FROM worker_heartbeats');
      await hideHeartbeats();
      try {
        await worker.start();
      } finally {
        await showHeartbeats();
      }
      expect(warnings).toEqual(['job queue upkeep failed']);
      await expectOneRunner();
    });

    it('run by one runner also after the first one gave up', async () => {
      await sql.query('DELETE FROM worker_heartbeats');
      await worker.start();
      await hideHeartbeats();
      try {
        // As it does when the database is away for long.
        await worker['runner']?.stop();
        await eventually('the heartbeat of the next one fails', () => warnings.length > 0);
      } finally {
        await showHeartbeats();
      }
      await sql.query('DELETE FROM worker_heartbeats');
      await expectOneRunner();
    });
  });

  describe('of a scheduler that is killed in the middle of one', () => {
    let build: Build;
    let redis: OwnServer;
    let first: ServiceProcess | undefined;
    let second: RunningService | undefined;

    beforeAll(async () => {
      build = buildServices();
      redis = await startRedis();
    });
    afterAll(async () => {
      await first?.kill();
      await second?.stop();
      await redis.dispose();
      build.remove();
    });

    it('run to their end elsewhere within a minute', async () => {
      const env = {
        DATABASE_URL: world.databaseUrl,
        REDIS_URL: redis.url,
        JWT_SECRET: TEST_JWT_SECRET,
        BACKEND_SERVICE_TOKEN: TEST_SERVICE_TOKEN,
        HOST: '127.0.0.1',
        NODE_ENV: 'test',
        LOG_LEVEL: 'silent',
        SCHEDULER_PORT: '0',
      };
      const chat = await world.chat();
      await world.opened(chat, 'seeker');
      await sql.query(
        `UPDATE conversations SET last_activity_at = now() - interval '7 hours' WHERE id = $1`,
        [chat.id],
      );
      await sql.query('DELETE FROM timers._private_jobs');
      // Whoever wants this conversation has to wait: the job is in its middle for as long as we hold it.
      const holder = await sql.connect();
      try {
        await holder.query('BEGIN');
        await holder.query('SELECT FROM conversations WHERE id = $1 FOR UPDATE', [chat.id]);
        first = await startServiceProcess(build, 'scheduler', env);
        const id = await addJob('conversation.silence', { conversationId: chat.id });
        const owner = await eventually(
          'the job is taken',
          async () => (await job(id))?.locked_by ?? undefined,
        );
        await first.kill();
        const killedAt = Date.now();
        await holder.query('ROLLBACK');
        second = await startScheduler(env);
        expect((await job(id))?.locked_by).toBe(owner);
        await eventually(
          'the job has run elsewhere',
          async () => (await world.conversation(chat)).status === 'ended' && (await job(id)) === undefined,
          60_000,
        );
        expect(Date.now() - killedAt).toBeLessThan(60_000);
        expect(await world.conversation(chat)).toMatchObject({
          ended_by: 'system',
          end_reason: 'inactivity',
        });
        expect(await world.told('thank_you')).toHaveLength(1);
      } finally {
        holder.release();
      }
    });
  });
});
