import type { RunningService } from '@kindline/platform';
import {
  eventually,
  type OwnServer,
  startRedis,
  TEST_JWT_SECRET,
  TEST_SERVICE_TOKEN,
} from '@kindline/testing';
import type { CronOccurrences } from '@kindline/domain';
import { Cron } from '../src/cron';
import type { SchedulerEnv } from '../src/scheduler-env';
import { startScheduler } from '../src/start';
import { TimerWorld } from './timer-world';

jest.setTimeout(60_000);

describe('the clockwork of two schedulers', () => {
  let world: TimerWorld;
  let redis: OwnServer;
  let schedulers: RunningService[] = [];

  beforeAll(async () => {
    [world, redis] = await Promise.all([TimerWorld.start(), startRedis()]);
    const env = {
      DATABASE_URL: world.databaseUrl,
      REDIS_URL: redis.url,
      JWT_SECRET: TEST_JWT_SECRET,
      BACKEND_SERVICE_TOKEN: TEST_SERVICE_TOKEN,
      HOST: '127.0.0.1',
      NODE_ENV: 'test',
      LOG_LEVEL: 'silent',
      SCHEDULER_PORT: '0',
      TIME_ZONE: 'Asia/Kolkata',
    };
    schedulers = await Promise.all([startScheduler(env), startScheduler(env)]);
  });
  afterAll(async () => {
    await Promise.all(schedulers.map((scheduler) => scheduler.stop()));
    await redis.dispose();
    await world.stop();
  });

  const tick = (at: string[], task: string, queue: 'timers' | 'push'): Promise<unknown> =>
    Promise.all(
      schedulers.flatMap(({ app }, index) => {
        const time = at[index % at.length];
        return time === undefined ? [] : [app.get(Cron).tick(queue, task, new Date(time))];
      }),
    );
  const pushJobs = async (): Promise<number> => {
    const { rows } = await world.sql.query<{ n: number }>(
      'SELECT count(*)::int AS n FROM push._private_jobs',
    );
    return rows[0]?.n ?? 0;
  };
  const runs = async (task: string): Promise<string[]> => {
    const { rows } = await world.sql.query<{ occurrence: Date }>(
      'SELECT occurrence FROM cron_runs WHERE task = $1 ORDER BY occurrence',
      [task],
    );
    return rows.map(({ occurrence }) => occurrence.toISOString());
  };

  it("goes by the operator's clock", () => {
    for (const { app } of schedulers) {
      const next = app.get(Cron).next('0 3 * * *', new Date('2031-05-01T00:00:00Z'));
      expect(next.toISOString()).toBe('2031-05-01T21:30:00.000Z');
    }
  });

  it('ticks when an occurrence is due, and goes on with the next one', async () => {
    jest.useFakeTimers({ now: new Date('2031-06-01T21:29:59Z'), doNotFake: ['nextTick', 'setImmediate'] });
    const claimed: string[] = [];
    const occurrences = {
      claim: async (_queue: string, task: string, at: Date) => claimed.push(`${task} ${at.toISOString()}`),
    } as unknown as CronOccurrences;
    const cron = new Cron(occurrences, { TIME_ZONE: 'Asia/Kolkata' } as SchedulerEnv);
    cron.onApplicationBootstrap();
    jest.advanceTimersByTime(24 * 3_600_000);
    cron.onApplicationShutdown();
    jest.advanceTimersByTime(24 * 3_600_000);
    jest.useRealTimers();
    expect(claimed.filter((one) => !one.startsWith('retention'))).toEqual([
      'tokens.validate 2031-06-01T21:30:00.000Z',
      'helpers.check 2031-06-01T22:00:00.000Z',
    ]);
    expect(claimed.filter((one) => one.startsWith('retention '))).toHaveLength(24);
    expect(claimed.filter((one) => one.startsWith('retention.texts '))).toHaveLength(24 * 12);
  });

  it('makes one job although both tick', async () => {
    await tick(['2031-05-01T03:00:00.000Z'], 'tokens.validate', 'push');
    expect(await pushJobs()).toBe(1);
    expect(await runs('tokens.validate')).toEqual(['2031-05-01T03:00:00.000Z']);
  });

  it('runs what it has queued: a helper who counts as busy in an ended conversation is free again', async () => {
    const chat = await world.chat();
    await world.sql.query(
      `UPDATE conversations SET status = 'ended', ended_at = now(), ended_by = 'system', end_reason = 'inactivity'
      WHERE id = $1`,
      [chat.id],
    );
    await tick(['2031-05-01T03:30:00.000Z'], 'helpers.check', 'timers');
    await eventually('the helper is free', async () => {
      const { rows } = await world.sql.query(
        'SELECT FROM conversation_members WHERE conversation_id = $1 AND open',
        [chat.id],
      );
      return rows.length === 0;
    });
  });
});
