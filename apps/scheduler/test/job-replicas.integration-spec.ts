import {
  type Build,
  buildServices,
  eventually,
  type ServiceProcess,
  startServiceProcess,
} from '@kindline/testing';
import type { ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { inSeconds, JobWorld } from './job-world';

jest.setTimeout(120_000);

describe('several schedulers', () => {
  let world: JobWorld;
  beforeAll(async () => {
    world = await JobWorld.start(2);
  });
  afterAll(() => world.stop());

  it('run each of hundreds of jobs that are due at once exactly once', async () => {
    const run_at = inSeconds(3);
    const callback_url = `${world.target.origin}/crowd`;
    const ids = Array.from({ length: 400 }, (_, n) => `crowd-${n}`);
    for (let n = 0; n < ids.length; n += 50) {
      await Promise.all(
        ids
          .slice(n, n + 50)
          .map((job_id, at) => world.add({ job_id, run_at, callback_url, payload: job_id }, at % 2)),
      );
    }
    await eventually('all have run', () => world.target.of('/crowd').length >= ids.length, 30_000);
    await eventually('the queue is empty', async () => (await world.queued()) === 0);
    await pause(500);
    const calls = world.target.of('/crowd');
    expect(calls.map(({ body }) => JSON.parse(body) as string).sort()).toEqual([...ids].sort());
    expect(new Set(calls.map(({ key }) => key)).size).toBe(ids.length);
    const due = Date.parse(run_at);
    expect(calls.filter(({ at }) => at < due)).toEqual([]);
    const { body } = await world.call('GET', '/jobs?status=completed&limit=500');
    expect((body['jobs'] as unknown[]).length).toBe(ids.length);
  });

  it('run each occurrence of cron jobs exactly once', async () => {
    const jobs = Array.from({ length: 10 }, (_, n) => `tick-${n}`);
    for (const [n, job_id] of jobs.entries()) {
      await world.add(
        { job_id, cron: '* * * * * *', callback_url: `${world.target.origin}/${job_id}` },
        n % 2,
      );
    }
    await pause(5_000);
    for (const job_id of jobs) expect((await world.call('DELETE', `/jobs/${job_id}`)).status).toBe(204);
    for (const job_id of jobs) {
      const calls = world.target.of(`/${job_id}`);
      expect(calls.length).toBeGreaterThanOrEqual(4);
      expect(new Set(calls.map(({ key }) => key)).size).toBe(calls.length);
      const seconds = calls.map(({ key }) => Number(key.split('.')[1]) / 1_000);
      expect(seconds).toEqual(seconds.map((_, n) => (seconds[0] ?? 0) + n));
    }
  });

  it('never start what was removed after the removal was answered, whenever that is', async () => {
    const callback_url = `${world.target.origin}/race`;
    let [removed, ran] = [0, 0];
    for (let round = 0; round < 15; round++) {
      const due = Date.now() + 250;
      const ids = Array.from({ length: 16 }, (_, n) => `race-${round}-${n}`);
      await Promise.all(
        ids.map((job_id, n) =>
          world.add({ job_id, run_at: new Date(due).toISOString(), callback_url, payload: job_id }, n % 2),
        ),
      );
      await Promise.all(
        ids.map(async (job_id, n) => {
          // From well before to well after the schedulers' next look.
          await pause(Math.max(0, due - Date.now() - 40 + Math.random() * 320));
          const { status } = await world.call('DELETE', `/jobs/${job_id}`, undefined, n % 2);
          const answered = Date.now();
          expect(status).toBe(204);
          const before = world.target
            .of('/race')
            .filter(({ body }) => body === JSON.stringify(job_id)).length;
          await pause(400);
          const calls = world.target.of('/race').filter(({ body }) => body === JSON.stringify(job_id));
          expect([job_id, calls.length, calls.filter(({ at }) => at > answered)]).toEqual([
            job_id,
            before,
            [],
          ]);
          expect(calls.length).toBeLessThanOrEqual(1);
          if (calls.length === 0) removed += 1;
          else ran += 1;
        }),
      );
    }
    // The race was one: both have won, many times.
    expect(removed).toBeGreaterThan(20);
    expect(ran).toBeGreaterThan(20);
  });

  it('never try again what was removed while it waited for its next try, or while it ran', async () => {
    const answers: ServerResponse[] = [];
    const waits = world.target.on('/waits', (response) => response.writeHead(500).end());
    const runs = world.target.on('/runs', (response) => void answers.push(response));
    await world.add({ job_id: 'waits', run_at: inSeconds(0), callback_url: waits });
    await world.add({ job_id: 'runs', run_at: inSeconds(0), callback_url: runs });
    await world.untilIt('waits', 'has failed', ({ last_error }) => last_error !== null);
    await eventually('the other runs', () => answers.length === 1);
    expect((await world.call('DELETE', '/jobs/waits')).status).toBe(204);
    const began = Date.now();
    expect((await world.call('DELETE', '/jobs/runs')).status).toBe(204);
    // It does not wait for a target that hangs.
    expect(Date.now() - began).toBeLessThan(1_000);
    for (const response of answers) response.writeHead(500).end();
    await eventually('the queue is at rest', async () => {
      const { rows } = await world.sql.query(
        'SELECT FROM external._private_jobs WHERE locked_at IS NOT NULL',
      );
      return rows.length === 0;
    });
    await world.sql.query('UPDATE external._private_jobs SET run_at = now(), attempts = 1');
    await pause(1_000);
    expect([world.target.of('/waits').length, world.target.of('/runs').length]).toEqual([1, 1]);
    expect(await world.queued()).toBe(0);
  });

  it('let a target remove or replace the job that calls it', async () => {
    const url = world.target.on('/self', (response, { body }) => {
      const { replace } = JSON.parse(body) as { replace: boolean };
      const job = { job_id: 'self', run_at: inSeconds(0), callback_url: url, payload: { replace: false } };
      const change = replace ? world.call('POST', '/jobs', job) : world.call('DELETE', '/jobs/self');
      void change.then(({ status }) => response.writeHead(status).end());
    });
    await world.add({ job_id: 'self', run_at: inSeconds(0), callback_url: url, payload: { replace: true } });
    await eventually('it is gone', async () => (await world.job('self')) === undefined);
    await eventually('the queue is empty', async () => (await world.queued()) === 0);
    expect(world.target.of('/self')).toHaveLength(2);
  });

  it('finish the callbacks that run before they stop, and leave the others to the rest', async () => {
    const url = world.target.on('/slow', (response) =>
      setTimeout(() => response.writeHead(200).end(), 7_000),
    );
    const [first, second] = world.schedulers;
    if (!first || !second) throw new Error('two schedulers are needed');
    for (let n = 0; n < 4; n++) {
      await world.add({ job_id: `slow-${n}`, run_at: inSeconds(0), callback_url: url });
    }
    await eventually('they run', () => world.target.of('/slow').length === 4);
    world.schedulers.splice(0, 1);
    await Promise.all([first.stop(), world.add({ job_id: 'next', run_at: inSeconds(1), callback_url: url })]);
    for (let n = 0; n < 4; n++)
      expect(await world.until(`slow-${n}`, 'completed')).toMatchObject({ attempts: 1 });
    expect(await world.until('next', 'completed')).toMatchObject({ attempts: 1 });
    expect(world.target.of('/slow')).toHaveLength(5);
  });

  it('share what is due: those one has no room for run elsewhere, without losing a try', async () => {
    await world.startScheduler();
    const hang = world.target.on('/hang', () => undefined);
    const ids = Array.from({ length: 130 }, (_, n) => `hang-${n}`);
    const run_at = inSeconds(3);
    await Promise.all(ids.map((job_id) => world.add({ job_id, run_at, callback_url: hang })));
    // Two schedulers make a hundred calls at once; the rest waits for the first to time out.
    await eventually('a hundred hang', () => world.target.of('/hang').length === 100);
    await pause(3_000);
    expect(world.target.of('/hang')).toHaveLength(100);
    await eventually('the rest hangs as well', () => world.target.of('/hang').length >= 130, 20_000);
    const { rows } = await world.sql.query<{ attempts: number }>(
      `SELECT DISTINCT attempts FROM external_jobs WHERE job_id LIKE 'hang-%' AND status = 'running'`,
    );
    expect(rows).toEqual([{ attempts: 1 }]);
    await Promise.all(ids.map((job_id) => world.call('DELETE', `/jobs/${job_id}`)));
  });

  describe('of which one is killed while a callback runs', () => {
    let build: Build;
    let victim: ServiceProcess | undefined;
    beforeAll(() => {
      build = buildServices();
    });
    afterAll(async () => {
      await victim?.kill();
      build.remove();
    });

    it('run it again with the same key within a minute', async () => {
      for (const scheduler of world.schedulers.splice(0)) await scheduler.stop();
      victim = await startServiceProcess(build, 'scheduler', world.env);
      const url = world.target.on('/killed', (response) => {
        if (world.target.of('/killed').length > 1) response.writeHead(204).end();
      });
      await world.sql.query('DELETE FROM external._private_jobs');
      const post = await fetch(`http://127.0.0.1:${victim.port}/jobs`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${String(world.env['BACKEND_SERVICE_TOKEN'])}`,
          'content-type': 'application/json',
        },
        body: JSON.stringify({
          job_id: 'killed',
          run_at: inSeconds(0),
          callback_url: url,
          payload: { n: 1 },
        }),
      });
      expect(post.status).toBe(201);
      await eventually('the callback runs', () => world.target.of('/killed').length === 1);
      await victim.kill();
      const killedAt = Date.now();
      await world.startScheduler();
      expect((await world.job('killed'))?.status).toBe('running');
      const done = await world.until('killed', 'completed', 60_000);
      expect(done).toMatchObject({ attempts: 2, last_error: null });
      expect(Date.now() - killedAt).toBeGreaterThan(20_000);
      const calls = world.target.of('/killed');
      expect(calls.map(({ body }) => body)).toEqual(['{"n":1}', '{"n":1}']);
      expect(new Set(calls.map(({ key }) => key)).size).toBe(1);
    });
  });
});
