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
});
