import type { JobView } from '@kindline/contracts';
import { eventually, freePort } from '@kindline/testing';
import type { ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { JobTarget } from './job-target';
import { inSeconds, JobWorld } from './job-world';

jest.setTimeout(90_000);

describe('the callback of a job', () => {
  let world: JobWorld;
  let elsewhere: JobTarget;
  beforeAll(async () => {
    [world, elsewhere] = await Promise.all([JobWorld.start(), JobTarget.start()]);
  });
  afterAll(async () => {
    await elsewhere.stop();
    await world.stop();
  });

  const due = (job_id: string, callback_url: string): Promise<JobView> =>
    world.add({ job_id, run_at: inSeconds(0), callback_url, payload: { id: job_id } });
  const untilFailedOnce = (job_id: string): Promise<JobView> =>
    world.untilIt(job_id, 'has failed', ({ last_error }) => last_error !== null, 20_000);
  const endless = (response: ServerResponse, status: number): void => {
    response.writeHead(status, { 'content-type': 'text/plain' });
    const chunk = Buffer.alloc(16_384, 'secret of the target ');
    const more = (): void => {
      if (response.destroyed) return;
      if (response.write(chunk)) setImmediate(more);
      else response.once('drain', more);
    };
    more();
  };

  it.each([200, 201, 202, 204])('succeeds with %d', async (status) => {
    const url = world.target.on(`/ok-${status}`, (response) => response.writeHead(status).end());
    await due(`ok-${status}`, url);
    expect(await world.until(`ok-${status}`, 'completed')).toMatchObject({ attempts: 1, last_error: null });
  });

  it.each([
    [301, 'answered 301; redirects are not followed'],
    [302, 'answered 302; redirects are not followed'],
    [303, 'answered 303; redirects are not followed'],
    [307, 'answered 307; redirects are not followed'],
    [308, 'answered 308; redirects are not followed'],
    [304, 'answered 304; redirects are not followed'],
    [400, 'answered 400'],
    [404, 'answered 404'],
    [429, 'answered 429'],
    [500, 'answered 500'],
    [503, 'answered 503'],
  ])('fails with %d, goes nowhere else, and is tried again with the same key', async (status, reason) => {
    const id = `bad-${status}`;
    const places = [`${elsewhere.origin}/taken`, `${world.target.origin}/taken`];
    const url = world.target.on(`/${id}`, (response) => {
      const location = places.shift();
      response.writeHead(status, location === undefined ? {} : { location }).end('secret of the target');
    });
    await due(id, url);
    const failed = await untilFailedOnce(id);
    expect(failed).toMatchObject({ status: 'scheduled', attempts: 1, last_error: reason });
    expect(Date.parse(failed.next_run_at ?? '')).toBeGreaterThan(Date.parse(failed.last_run_at ?? ''));
    await world.retryNow();
    await world.untilIt(
      id,
      'has failed again',
      ({ attempts, status }) => attempts === 2 && status === 'scheduled',
    );
    const keys = world.target.keys(`/${id}`);
    expect(keys).toHaveLength(2);
    expect(new Set(keys).size).toBe(1);
    expect(world.target.of('/taken')).toEqual([]);
    expect(elsewhere.calls).toEqual([]);
    await world.call('DELETE', `/jobs/${id}`);
  });

  it('fails when it hangs, answers late, or does not come to an end within 10 s, all side by side', async () => {
    const drip = (response: ServerResponse): void => {
      response.writeHead(200);
      const timer = setInterval(() => response.write('.'), 200);
      response.on('close', () => clearInterval(timer));
    };
    const urls = {
      hangs: world.target.on('/hangs', () => undefined),
      late: world.target.on('/late', (response) => setTimeout(() => response.writeHead(200).end(), 10_500)),
      drips: world.target.on('/drips', drip),
    };
    const began = Date.now();
    await Promise.all(Object.entries(urls).map(([id, url]) => due(id, url)));
    await world.until('hangs', 'running');
    for (const id of Object.keys(urls)) {
      const failed = await untilFailedOnce(id);
      expect(failed).toMatchObject({ attempts: 1, last_error: 'did not answer within 10 s' });
      expect(Date.parse(failed.updated_at) - Date.parse(failed.last_run_at ?? '')).toBeGreaterThan(9_900);
    }
    expect(Date.now() - began).toBeLessThan(14_000);
    world.target.on('/late', (response) => response.writeHead(200).end());
    await world.retryNow();
    expect(await world.until('late', 'completed')).toMatchObject({
      attempts: 2,
      last_error: null,
      next_run_at: null,
    });
    expect(new Set(world.target.keys('/late')).size).toBe(1);
    for (const id of Object.keys(urls)) await world.call('DELETE', `/jobs/${id}`);
  });

  it('does not stop others by forty that hang', async () => {
    const url = world.target.on('/crowd', () => undefined);
    const ids = Array.from({ length: 40 }, (_, n) => `crowd-${n}`);
    await Promise.all(ids.map((id) => due(id, url)));
    await eventually('they hang', () => world.target.of('/crowd').length === 40);
    const began = Date.now();
    await due('quick', `${world.target.origin}/quick`);
    await world.until('quick', 'completed');
    expect(Date.now() - began).toBeLessThan(2_000);
    await Promise.all(ids.map((id) => world.call('DELETE', `/jobs/${id}`)));
  });

  it('fails when the target closes the connection or cannot be reached, without telling why in its words', async () => {
    const refused = await freePort();
    await world.startScheduler({
      JOB_CALLBACK_ORIGINS: `${world.target.origin},http://127.0.0.1:${refused}`,
    });
    const [, other] = world.schedulers;
    const closes = world.target.on('/closes', (response) => response.destroy());
    const half = world.target.on('/half', (response) => {
      response.writeHead(200, { 'content-length': '100' }).write('secret of the target');
      setTimeout(() => response.destroy(), 50);
    });
    const garbage = world.target.on('/garbage', (response) =>
      response.socket?.end('secret of the target\n\n'),
    );
    await due('closes', closes);
    await due('half', half);
    await due('garbage', garbage);
    expect(await untilFailedOnce('closes')).toMatchObject({
      status: 'scheduled',
      last_error: 'closed the connection (UND_ERR_SOCKET)',
    });
    expect((await untilFailedOnce('half')).last_error).toMatch(/^closed the connection/);
    expect((await untilFailedOnce('garbage')).last_error).toBe('did not answer in HTTP');
    // Only the second one may call it: the first gives such a job up at once.
    const { status } = await world.call(
      'POST',
      '/jobs',
      { job_id: 'refused', run_at: inSeconds(3_600), callback_url: `http://127.0.0.1:${refused}/` },
      1,
    );
    expect(status).toBe(201);
    await world.schedulers.shift()?.stop();
    await world.sql.query(
      `UPDATE external._private_jobs SET run_at = now() WHERE payload ->> 'jobId' = 'refused'`,
    );
    expect(await untilFailedOnce('refused')).toMatchObject({
      status: 'scheduled',
      last_error: 'could not be reached (ECONNREFUSED)',
    });
    expect(other).toBe(world.schedulers[0]);
    for (const id of ['closes', 'half', 'garbage', 'refused']) await world.call('DELETE', `/jobs/${id}`);
  });

  it.each([
    [200, 'completed'],
    [500, 'scheduled'],
  ] as const)('reads of an endless answer with %d only its beginning', async (status, ends) => {
    const id = `endless-${status}`;
    const closed = Promise.withResolvers<void>();
    const url = world.target.on(`/${id}`, (response) => {
      response.on('close', closed.resolve);
      endless(response, status);
    });
    const began = Date.now();
    await due(id, url);
    const job = await world.untilIt(id, 'has ended', (job) => job.attempts === 1 && job.status === ends);
    await closed.promise;
    expect(Date.now() - began).toBeLessThan(5_000);
    expect(job.last_error).toBe(ends === 'completed' ? null : 'answered 500');
    await world.call('DELETE', `/jobs/${id}`);
  });

  it('is tried ten times and then shows as failed with its last error', async () => {
    let n = 0;
    const url = world.target.on('/never', (response) => response.writeHead(500 + (n += 1)).end());
    await due('never', url);
    for (let attempt = 1; attempt < 10; attempt++) {
      const job = await world.untilIt(
        'never',
        `has failed ${attempt} times`,
        ({ attempts, status }) => attempts === attempt && status === 'scheduled',
      );
      const wait = (Date.parse(job.next_run_at ?? '') - Date.parse(job.last_run_at ?? '')) / 1_000;
      expect(wait).toBeGreaterThan(Math.exp(attempt) * 0.99);
      expect(wait).toBeLessThan(Math.exp(attempt) + 2);
      expect(await world.retryNow()).toBeGreaterThan(0);
    }
    expect(await world.until('never', 'failed')).toMatchObject({
      attempts: 10,
      last_error: 'answered 510',
      next_run_at: null,
    });
    await world.retryNow();
    await pause(500);
    expect(world.target.of('/never')).toHaveLength(10);
    expect(new Set(world.target.keys('/never')).size).toBe(1);
    const { body } = await world.call('GET', '/jobs?status=failed');
    expect((body['jobs'] as { job_id: string }[]).map(({ job_id }) => job_id)).toContain('never');
    const { rowCount } = await world.sql.query(
      `SELECT FROM external._private_jobs WHERE payload ->> 'jobId' = 'never'`,
    );
    expect(rowCount).toBe(0);
  });

  it('is given up at once when its origin is not on the list any more', async () => {
    await world.add({
      job_id: 'unlisted',
      run_at: inSeconds(3_600),
      callback_url: `${world.target.origin}/unlisted`,
    });
    for (const scheduler of world.schedulers.splice(0)) await scheduler.stop();
    await world.startScheduler({ JOB_CALLBACK_ORIGINS: '' });
    await world.sql.query(
      `UPDATE external._private_jobs SET run_at = now() WHERE payload ->> 'jobId' = 'unlisted'`,
    );
    expect(await world.until('unlisted', 'failed')).toMatchObject({
      attempts: 1,
      last_error: 'callback_url: its origin is not on the allow-list JOB_CALLBACK_ORIGINS',
    });
    expect(world.target.of('/unlisted')).toEqual([]);
  });
});
