import { uuidV7 } from '@kindline/database';
import { PresenceDirectory } from '@kindline/domain';
import { REDIS } from '@kindline/platform';
import { eventually, scrape } from '@kindline/testing';
import type { Redis } from 'ioredis';
import { JobWorld } from './job-world';

jest.setTimeout(60_000);

describe('how the deployment is, as metrics', () => {
  let world: JobWorld;
  let presence: PresenceDirectory;

  beforeAll(async () => {
    world = await JobWorld.start();
    presence = new PresenceDirectory(world.schedulers[0]?.app.get<Redis>(REDIS) as Redis);
  });
  afterAll(() => world.stop());

  const run = (text: string, values: unknown[] = []) => world.sql.query(text, values);

  async function person(): Promise<string> {
    const id = uuidV7();
    await run('INSERT INTO people (id, sub, registered_at, created_at) VALUES ($1, $2, now(), now())', [
      id,
      `sub-${id}`,
    ]);
    return id;
  }

  async function helper(role: string, { active = true, available = true } = {}): Promise<string> {
    const id = await person();
    await run(
      'INSERT INTO helper_profiles (person_id, active, available, updated_at) VALUES ($1, $2, $3, now())',
      [id, active, available],
    );
    await run('INSERT INTO person_roles (person_id, role, seen_at) VALUES ($1, $2, now())', [id, role]);
    return id;
  }

  async function conversation(program: string, status = 'active', waiting?: string): Promise<string> {
    const id = uuidV7();
    await run(
      `INSERT INTO conversations (id, program, status, created_at, last_activity_at, ended_at, waiting_since)
      VALUES ($1, $2, $3, now(), now(), CASE $3 WHEN 'ended' THEN now() END, now() - $4::interval)`,
      [id, program, status, waiting ?? null],
    );
    return id;
  }

  async function holds(personId: string, program: string): Promise<void> {
    await run(
      `INSERT INTO conversation_members (conversation_id, person_id, role, program, joined_at)
      VALUES ($1, $2, 'helper', $3, now())`,
      [await conversation(program), personId, program],
    );
  }

  async function request(program: string, ago: string, status = 'pending'): Promise<void> {
    await run(
      `INSERT INTO help_requests (id, program, seeker_id, type, status, created_at)
      VALUES ($1, $2, $3, 'chat', $4, now() - $5::interval)`,
      [uuidV7(), program, await person(), status, ago],
    );
  }

  async function session(status: string, helperId: string | null, ago: string, returned?: string) {
    await run(
      `INSERT INTO anonymous_sessions
        (id, program, seeker_id, helper_id, status, created_at, changed_at, returned, check_at)
      VALUES ($1, 'counseling', $2, $3, $4, now() - $5::interval, now() - coalesce($6, $5)::interval, $6 IS NOT NULL,
        now() + interval '1 day')`,
      [uuidV7(), await person(), helperId, status, ago, returned ?? null],
    );
  }

  const job = (queue: string, task: string, inSeconds: number) =>
    run(`SELECT ${queue}.add_job($1, payload := '{}', run_at := now() + $2 * interval '1 s')`, [
      task,
      inSeconds,
    ]);

  /** A scheduler that has not looked yet. */
  const now = async () => scrape((await world.startScheduler()).port);

  it('has a value of every program, queue and outbox where nothing is there', async () => {
    const seen = await now();
    for (const program of ['better_together', 'companion', 'counseling', 'support']) {
      const waiting = ['under_1m', 'under_5m', 'under_30m', 'over_30m'].map((bucket) =>
        seen.get(`kindline_pending_requests{program="${program}",waiting="${bucket}"}`),
      );
      expect([program, ...waiting]).toEqual([program, 0, 0, 0, 0]);
      for (const name of ['open_conversations', 'oldest_pending_request_seconds', 'available_helpers'])
        expect([name, seen.get(`kindline_${name}{program="${program}"}`)]).toEqual([name, 0]);
    }
    for (const queue of ['announce', 'timers', 'push', 'campaigns', 'external']) {
      for (const state of ['due', 'running', 'given_up'])
        expect(seen.get(`kindline_queue_jobs{queue="${queue}",state="${state}"}`)).toBe(0);
      expect(seen.get(`kindline_queue_oldest_due_seconds{queue="${queue}"}`)).toBe(0);
    }
    for (const outbox of ['messages', 'bookings', 'sessions', 'held'])
      expect(seen.get(`kindline_outbox_due{outbox="${outbox}"}`)).toBe(0);
    expect(seen.get('kindline_open_calls')).toBe(0);
    expect(seen.get('kindline_undelivered_bookings')).toBe(0);
    const readAt = seen.get('kindline_deployment_read_timestamp_seconds') ?? 0;
    expect(Math.abs(readAt - Date.now() / 1_000)).toBeLessThan(10);
  });

  it('counts who waits, by how long, and forgets who does not wait any more', async () => {
    await request('better_together', '10 s');
    await request('better_together', '2 min');
    await request('better_together', '20 min');
    await request('better_together', '2 h');
    await request('better_together', '3 h');
    await request('better_together', '9 h', 'expired');
    await request('companion', '90 s');
    await session('queued', null, '40 min', '30 s');
    await session('queued', null, '3 min');
    await conversation('support', 'active', '31 min');
    const seen = await now();
    const waits = (program: string) =>
      ['under_1m', 'under_5m', 'under_30m', 'over_30m'].map((bucket) =>
        seen.get(`kindline_pending_requests{program="${program}",waiting="${bucket}"}`),
      );
    const oldest = (program: string) =>
      seen.get(`kindline_oldest_pending_request_seconds{program="${program}"}`);
    expect(waits('better_together')).toEqual([1, 1, 1, 2]);
    expect(waits('companion')).toEqual([0, 1, 0, 0]);
    // Whoever lost their counsellor half a minute ago waits since then.
    expect(waits('counseling')).toEqual([1, 1, 0, 0]);
    expect(waits('support')).toEqual([0, 0, 0, 1]);
    expect(Math.round((oldest('better_together') ?? 0) / 60)).toBe(180);
    expect(Math.round((oldest('counseling') ?? 0) / 60)).toBe(3);
    expect(Math.round((oldest('support') ?? 0) / 60)).toBe(31);
  });

  it('counts conversations and sessions that go on', async () => {
    await conversation('companion');
    await conversation('companion');
    await conversation('companion', 'ended');
    await session('active', await helper('counselor'), '1 min');
    const seen = await now();
    expect(seen.get('kindline_open_conversations{program="companion"}')).toBe(2);
    expect(seen.get('kindline_open_conversations{program="counseling"}')).toBe(1);
  });

  it('counts helpers who could take one more', async () => {
    await helper('volunteer');
    await helper('volunteer', { available: false });
    await helper('volunteer', { active: false });
    const full = await helper('volunteer');
    await holds(full, 'better_together');
    await holds(full, 'better_together');
    const free = await helper('counselor');
    const busy = await helper('counselor');
    for (let n = 0; n < 3; n++) await session('active', busy, '1 min');
    const agent = await helper('agent');
    const absent = await helper('agent');
    await presence.renew('gateway-of-this-spec');
    for (const [id, role] of [
      [free, 'counselor'],
      [busy, 'counselor'],
      [agent, 'agent'],
      [full, 'volunteer'],
    ] as const)
      await presence.enter('gateway-of-this-spec', id, role);
    const seen = await now();
    const available = (program: string) => seen.get(`kindline_available_helpers{program="${program}"}`);
    expect(available('better_together')).toBe(1);
    // By who is connected, and each program counts its own conversations.
    expect(available('companion')).toBe(1);
    expect(available('counseling')).toBe(1);
    expect(available('support')).toBe(1);
    expect(absent).toBeDefined();
  });

  it('tells what waits in queues and outboxes, and how late it is', async () => {
    await job('push', 'notifications.send', -90);
    await job('push', 'notifications.send', -30);
    await job('push', 'notifications.send', 3_600);
    await job('campaigns', 'campaign.send', -5);
    await run(`UPDATE campaigns._private_jobs SET attempts = max_attempts`);
    await run(
      `UPDATE conversation_members SET push_due_at = now() - interval '7 s' WHERE conversation_id =
        (SELECT min(conversation_id::text)::uuid FROM conversation_members)`,
    );
    await run(
      `INSERT INTO booking_notifications
        (id, facilitator_id, dedupe_key, booking, source, created_at, was_online, push_due_at)
      VALUES ($1, '7', 'k', '{}', 's', now(), false, now() - interval '3 s')`,
      [uuidV7()],
    );
    const seen = await now();
    const push = (state: string) => seen.get(`kindline_queue_jobs{queue="push",state="${state}"}`);
    expect([push('due'), push('scheduled'), push('running'), push('given_up')]).toEqual([2, 1, 0, 0]);
    expect(Math.abs((seen.get('kindline_queue_oldest_due_seconds{queue="push"}') ?? 0) - 90)).toBeLessThan(
      10,
    );
    expect(seen.get('kindline_queue_jobs{queue="campaigns",state="given_up"}')).toBe(1);
    expect(seen.get('kindline_queue_jobs{queue="campaigns",state="due"}')).toBe(0);
    expect(seen.get('kindline_queue_oldest_due_seconds{queue="campaigns"}')).toBe(0);
    expect(seen.get('kindline_outbox_due{outbox="messages"}')).toBe(1);
    expect(seen.get('kindline_outbox_oldest_due_seconds{outbox="messages"}')).toBeGreaterThanOrEqual(7);
    expect(seen.get('kindline_outbox_due{outbox="bookings"}')).toBe(1);
    expect(seen.get('kindline_undelivered_bookings')).toBe(1);
  });

  it('counts runs of jobs by how they ended', async () => {
    await run(`SELECT timers.add_job('helpers.check', payload := '{}')`);
    const done = 'kindline_job_duration_seconds_count{queue="timers",task="helpers.check",outcome="done"}';
    await eventually('it has run and was counted', async () => {
      const counts = await Promise.all(world.schedulers.map((scheduler) => scrape(scheduler.port)));
      return counts.reduce((sum, seen) => sum + (seen.get(done) ?? 0), 0) === 1;
    });
    await run(
      `SELECT timers.add_job('request.expire', payload := '{"requestId":"no uuid"}', max_attempts := 1)`,
    );
    const failed =
      'kindline_job_duration_seconds_count{queue="timers",task="request.expire",outcome="given_up"}';
    await eventually('it was given up and counted', async () => {
      const counts = await Promise.all(world.schedulers.map((scheduler) => scrape(scheduler.port)));
      return counts.reduce((sum, seen) => sum + (seen.get(failed) ?? 0), 0) === 1;
    });
  });

  it('looks at the deployment once for all who scrape within ten seconds', async () => {
    const scheduler = await world.startScheduler();
    const scrapes = await Promise.all([1, 2, 3, 4].map(() => scrape(scheduler.port)));
    await request('companion', '1 s');
    scrapes.push(await scrape(scheduler.port));
    const times = scrapes.map((seen) => seen.get('kindline_deployment_read_timestamp_seconds'));
    expect(new Set(times).size).toBe(1);
  });

  it('keeps telling what Postgres knows while Redis is away', async () => {
    const scheduler = await world.startScheduler();
    await world.redis.stop();
    try {
      const seen = await scrape(scheduler.port);
      expect(seen.get('kindline_check_up{check="redis"}')).toBe(0);
      expect(seen.get('kindline_check_up{check="database"}')).toBe(1);
      expect(seen.get('kindline_available_helpers{program="better_together"}')).toBe(1);
      expect(seen.has('kindline_available_helpers{program="companion"}')).toBe(false);
      expect(seen.get('kindline_oldest_pending_request_seconds{program="companion"}')).toBeGreaterThan(0);
    } finally {
      await world.redis.start();
    }
  });
});
