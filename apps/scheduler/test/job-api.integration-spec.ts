import { ExternalJobs } from '@kindline/domain';
import { eventually } from '@kindline/testing';
import { setTimeout as pause } from 'node:timers/promises';
import { inSeconds, JobWorld } from './job-world';

jest.setTimeout(60_000);

describe('the job API', () => {
  let world: JobWorld;
  beforeAll(async () => {
    world = await JobWorld.start();
  });
  afterAll(() => world.stop());

  const FAR = '2099-01-01T00:00:00.000Z';

  it('calls back once what is due, with the payload and a key, and shows it as completed', async () => {
    const url = `${world.target.origin}/hello?x=1`;
    const added = await world.add({
      job_id: 'hello',
      run_at: inSeconds(0.3),
      callback_url: url,
      payload: { a: ['ü', 1, null] },
    });
    expect(added).toMatchObject({
      job_id: 'hello',
      status: 'scheduled',
      cron: null,
      time_zone: null,
      callback_url: url,
      event: null,
      payload: { a: ['ü', 1, null] },
      last_run_at: null,
      attempts: 0,
      last_error: null,
    });
    expect(added.next_run_at).toBe(added.run_at);
    const done = await world.until('hello', 'completed');
    expect(done).toMatchObject({ attempts: 1, next_run_at: null, last_error: null });
    const [call, ...more] = world.target.of('/hello?x=1');
    expect(more).toEqual([]);
    expect(JSON.parse(call?.body ?? '')).toEqual({ a: ['ü', 1, null] });
    expect(call?.headers).toMatchObject({ 'content-type': 'application/json' });
    expect(call?.key).toMatch(/^[0-9a-f-]{36}\.\d+$/);
    expect(call?.at).toBeGreaterThanOrEqual(new Date(added.run_at ?? 0).getTime());
    expect(await world.queued()).toBe(0);
  });

  it('sends {} for an absent payload, and null for null', async () => {
    await world.add({ job_id: 'none', run_at: inSeconds(-60), callback_url: `${world.target.origin}/none` });
    await world.add({ job_id: 'null', run_at: FAR, callback_url: `${world.target.origin}/x`, payload: null });
    await world.add({
      job_id: 'null',
      run_at: '2020-01-01T00:00:00+02:00',
      callback_url: `${world.target.origin}/null`,
      payload: null,
    });
    await world.until('none', 'completed');
    await world.until('null', 'completed');
    expect(world.target.of('/none').map(({ body }) => body)).toEqual(['{}']);
    expect(world.target.of('/null').map(({ body }) => body)).toEqual(['null']);
    expect(world.target.of('/x')).toEqual([]);
  });

  describe('listing', () => {
    const ids = (body: Record<string, unknown>): string[] =>
      (body['jobs'] as { job_id: string }[]).map(({ job_id }) => job_id);

    it('is newest first, by pages, and by status', async () => {
      const url = `${world.target.origin}/list`;
      for (let n = 1; n <= 5; n++) await world.add({ job_id: `list-${n}`, run_at: FAR, callback_url: url });
      await world.add({ job_id: 'list-2', run_at: FAR, callback_url: url });
      const seen: string[] = [];
      let cursor: unknown = undefined;
      do {
        const query: string = cursor === undefined ? '' : `&cursor=${String(cursor)}`;
        const { status, body } = await world.call('GET', `/jobs?status=scheduled&limit=2${query}`);
        expect(status).toBe(200);
        expect(ids(body).length).toBeLessThanOrEqual(2);
        seen.push(...ids(body));
        cursor = body['cursor'];
      } while (cursor !== null);
      expect(seen.slice(0, 5)).toEqual(['list-2', 'list-5', 'list-4', 'list-3', 'list-1']);
      const { body: failed } = await world.call('GET', '/jobs?status=failed');
      expect(failed).toEqual({ jobs: [], cursor: null });
      const { body: all } = await world.call('GET', '/jobs?limit=500');
      expect(ids(all).slice(0, 5)).toEqual(seen.slice(0, 5));
      const { body: one } = await world.call('GET', '/jobs/list-1');
      expect((all['jobs'] as unknown[]).at(4)).toEqual(one);
    });
  });

  describe('cron', () => {
    it("shows zone, pattern and the next run, by the operator's zone when none is given", async () => {
      const url = `${world.target.origin}/cron`;
      const job = await world.add({
        job_id: 'c',
        cron: '30 2 * * *',
        time_zone: 'Asia/Kolkata',
        callback_url: url,
      });
      expect(job).toMatchObject({ cron: '30 2 * * *', time_zone: 'Asia/Kolkata', run_at: null });
      expect(job.next_run_at).toMatch(/T21:00:00.000Z$/);
      const own = await world.add({ job_id: 'own', cron: '30 2 * * *', callback_url: url });
      expect(own).toMatchObject({ time_zone: 'UTC', next_run_at: expect.stringMatching(/T02:30:00.000Z$/) });
    });
  });

  describe('replacing', () => {
    it('makes a new job under the same id: other time, other target, other key, nothing of before', async () => {
      const [first, second] = [`${world.target.origin}/re-1`, `${world.target.origin}/re-2`];
      await world.add({ job_id: 're', run_at: inSeconds(2), callback_url: first, payload: { n: 1 } });
      const again = await world.add({ job_id: 're', cron: '0 0 1 1 *', callback_url: second });
      expect(again).toMatchObject({ run_at: null, cron: '0 0 1 1 *', payload: null });
      await world.add({ job_id: 're', run_at: inSeconds(2.1), callback_url: second, payload: { n: 2 } });
      await world.until('re', 'completed');
      expect(world.target.of('/re-1')).toEqual([]);
      expect(world.target.of('/re-2').map(({ body }) => body)).toEqual(['{"n":2}']);
      await world.add({ job_id: 're', run_at: inSeconds(0), callback_url: second, payload: { n: 3 } });
      await eventually('it has run again', () => world.target.of('/re-2').length === 2);
      expect(new Set(world.target.keys('/re-2')).size).toBe(2);
    });

    it('works while it runs: the run goes on, is not tried again, and does not touch the new one', async () => {
      const hold = Promise.withResolvers<void>();
      const url = world.target.on(
        '/busy',
        (response) => void hold.promise.then(() => response.writeHead(500).end()),
      );
      await world.add({ job_id: 'busy', run_at: inSeconds(0), callback_url: url });
      await world.until('busy', 'running');
      const replaced = await world.add({ job_id: 'busy', run_at: FAR, callback_url: url });
      expect(replaced).toMatchObject({ status: 'scheduled', attempts: 0, last_run_at: null });
      hold.resolve();
      await eventually('the old run is through', async () => {
        const { rows } = await world.sql.query(
          'SELECT FROM external._private_jobs WHERE locked_at IS NOT NULL',
        );
        return rows.length === 0;
      });
      expect(await world.job('busy')).toEqual(replaced);
      await world.retryNow();
      await world.call('DELETE', '/jobs/busy');
      expect(world.target.of('/busy')).toHaveLength(1);
    });

    it('of many at once leaves one job with one occurrence that runs', async () => {
      const url = `${world.target.origin}/many`;
      const run_at = inSeconds(1);
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, n) =>
          world.call('POST', '/jobs', { job_id: 'many', run_at, callback_url: url, payload: n }),
        ),
      );
      expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(201));
      const { payload } = await world.until('many', 'completed');
      expect(world.target.of('/many').map(({ body }) => body)).toEqual([JSON.stringify(payload)]);
    });
  });

  describe('removing', () => {
    it('answers 204, then 404; the job is gone from the queue as well', async () => {
      const before = await world.queued();
      const url = `${world.target.origin}/gone`;
      await world.add({ job_id: 'gone / ü', run_at: inSeconds(0.5), callback_url: url });
      expect(await world.queued()).toBe(before + 1);
      const path = `/jobs/${encodeURIComponent('gone / ü')}`;
      const { status, body } = await world.call('DELETE', path);
      expect([status, body]).toEqual([204, {}]);
      expect(await world.queued()).toBe(before);
      for (const method of ['GET', 'DELETE']) {
        expect(await world.call(method, path)).toMatchObject({ status: 404, body: { code: 'not_found' } });
      }
      await pause(1_000);
      expect(world.target.of('/gone')).toEqual([]);
    });

    it('is recorded with adding, by the fingerprint of the token', async () => {
      await world.add({ job_id: 'audited', run_at: FAR, callback_url: `${world.target.origin}/` });
      await world.call('DELETE', '/jobs/audited');
      const { rows } = await world.sql.query<{ actor: string; action: string }>(
        `SELECT actor, action FROM audit_log WHERE subject = 'audited' ORDER BY at`,
      );
      expect(rows.map(({ action }) => action)).toEqual(['add job', 'remove job']);
      for (const { actor } of rows) expect(actor).toMatch(/^service:[\w-]{6,20}$/);
    });
  });

  describe('AddRemoveJob', () => {
    it('adds, replaces and removes', async () => {
      const add = { action: 'add', job_id: 'ar', run_at: FAR, callback_url: `${world.target.origin}/ar` };
      for (let n = 0; n < 2; n++) {
        expect(await world.call('POST', '/AddRemoveJob', add)).toMatchObject({
          status: 200,
          body: { job_id: 'ar', status: 'scheduled' },
        });
      }
      expect(await world.job('ar')).toMatchObject({ run_at: FAR });
      expect(await world.call('POST', '/AddRemoveJob', { ...add, action: 'remove' })).toMatchObject({
        status: 200,
        body: { job_id: 'ar', status: 'removed' },
      });
      expect(await world.call('POST', '/AddRemoveJob', { action: 'remove', job_id: 'ar' })).toMatchObject({
        status: 404,
        body: { code: 'not_found' },
      });
    });
  });

  describe('what is left in the queue', () => {
    /** Puts a job's occurrence into the queue as it is now, to be run again later. */
    const copy = async (jobId: string): Promise<() => Promise<void>> => {
      const { rows } = await world.sql.query<{ payload: object }>(
        `SELECT payload FROM external._private_jobs WHERE payload ->> 'jobId' = $1`,
        [jobId],
      );
      return async () => {
        await world.sql.query(`SELECT external.add_job('job.run', $1::json)`, [
          JSON.stringify(rows[0]?.payload),
        ]);
        await eventually('it has been looked at', async () => {
          const left = await world.sql.query(
            `SELECT FROM external._private_jobs WHERE payload ->> 'jobId' = $1 AND run_at < now() + interval '1 minute'`,
            [jobId],
          );
          return left.rowCount === 0;
        });
      };
    };

    it('of a job that was replaced does nothing', async () => {
      await world.add({ job_id: 'stale', run_at: FAR, callback_url: `${world.target.origin}/stale` });
      const runStale = await copy('stale');
      const now = await world.add({
        job_id: 'stale',
        run_at: FAR,
        callback_url: `${world.target.origin}/stale`,
      });
      await runStale();
      expect(world.target.of('/stale')).toEqual([]);
      expect(await world.job('stale')).toEqual(now);
    });

    it('of one that has ended does nothing: whoever ran it was killed before the queue knew', async () => {
      await world.add({
        job_id: 'ended',
        run_at: inSeconds(1),
        callback_url: `${world.target.origin}/ended`,
      });
      const runAgain = await copy('ended');
      const done = await world.until('ended', 'completed');
      await runAgain();
      expect(world.target.of('/ended')).toHaveLength(1);
      expect(await world.job('ended')).toEqual(done);
    });
  });

  it('answers a removal when the attempt that had begun is through, or a quarter of a second later', async () => {
    const remove = async (jobId: string, throughAfterMs: number): Promise<number> => {
      await world.add({ job_id: jobId, run_at: FAR, callback_url: `${world.target.origin}/` });
      const { rows } = await world.sql.query<{ id: string }>(
        `UPDATE external._private_jobs SET locked_at = now(), locked_by = 'test' WHERE payload ->> 'jobId' = $1
        RETURNING id`,
        [jobId],
      );
      const through = setTimeout(() => {
        void world.sql.query('DELETE FROM external._private_jobs WHERE id = $1', [rows[0]?.id]);
      }, throughAfterMs);
      const began = Date.now();
      expect((await world.call('DELETE', `/jobs/${jobId}`)).status).toBe(204);
      clearTimeout(through);
      return Date.now() - began;
    };
    const quick = await remove('through', 120);
    expect(quick).toBeGreaterThanOrEqual(115);
    const slow = await remove('hangs', 2_000);
    expect(slow).toBeGreaterThanOrEqual(245);
    expect(slow).toBeLessThan(1_500);
  });

  it('shows as failed what was running when the scheduler of its last attempt was killed', async () => {
    await world.add({ job_id: 'killed', run_at: FAR, callback_url: `${world.target.origin}/` });
    await world.add({ job_id: 'runs', run_at: FAR, callback_url: `${world.target.origin}/` });
    await world.sql.query(
      `UPDATE external_jobs SET status = 'running', occurrence = next_occurrence, next_occurrence = NULL,
        last_run_at = now() - interval '2 minutes', attempts = 10 WHERE job_id IN ('killed', 'runs')`,
    );
    await world.sql.query(
      `UPDATE external._private_jobs SET attempts = 10 WHERE payload ->> 'jobId' = 'killed'`,
    );
    const jobs = world.schedulers[0]?.app.get(ExternalJobs);
    expect(await jobs?.settleAbandoned()).toBe(1);
    expect(await world.job('killed')).toMatchObject({
      status: 'failed',
      last_error: expect.stringMatching('killed'),
    });
    expect((await world.job('runs'))?.status).toBe('running');
  });

  it('shows one that could not be begun as failed, and none that still waits for its time', async () => {
    for (const job_id of ['not begun', 'waits']) {
      await world.add({ job_id, run_at: FAR, event: 'x' });
    }
    await world.sql.query(
      `UPDATE external_jobs SET next_occurrence = now() - interval '1 hour' WHERE job_id = 'not begun'`,
    );
    await world.sql.query(
      `UPDATE external._private_jobs SET attempts = 10 WHERE payload ->> 'jobId' = 'not begun'`,
    );
    expect(await world.schedulers[0]?.app.get(ExternalJobs).settleAbandoned()).toBe(1);
    expect(await world.job('not begun')).toMatchObject({
      status: 'failed',
      last_error: 'it could not be begun',
    });
    expect((await world.job('waits'))?.status).toBe('scheduled');
  });

  it.each([
    ['job_id', { job_id: '.' }],
    ['job_id', { job_id: '..' }],
    ['run_at', { run_at: '9999-12-31T23:59:59-12:00' }],
  ])('refuses a %s that could not be answered or asked for: %j', async (field, change) => {
    const answer = await world.call('POST', '/jobs', { job_id: 'edge', run_at: FAR, event: 'x', ...change });
    expect([answer.status, answer.body['errors']]).toEqual([400, [expect.objectContaining({ path: field })]]);
  });

  it('describes itself at /docs', async () => {
    const { body } = await world.call('GET', '/docs-json');
    expect(Object.keys(body['paths'] as object).sort()).toEqual(['/AddRemoveJob', '/jobs', '/jobs/{job_id}']);
    const page = await fetch(`http://127.0.0.1:${world.schedulers[0]?.port}/docs`);
    expect(page.status).toBe(200);
  });
});
