import type { StatisticsView } from '@kindline/contracts';
import { Happenings } from '@kindline/domain';
import { FakeClock, type TestPerson } from '@kindline/testing';
import { DataSource } from 'typeorm';
import { ApiWorld } from './api-world';

const HOUR = 3_600_000;

describe('the statistics', () => {
  let world: ApiWorld;
  let admin: TestPerson;
  beforeAll(async () => {
    world = await ApiWorld.start();
    admin = await world.person('admin');
  });
  afterAll(() => world.stop());

  const read = async (): Promise<StatisticsView> =>
    (await world.expectStatus(200, world.as(admin, 'GET', '/api/statistics')))
      .body as unknown as StatisticsView;

  it('tell how the deployment is, and what happened in the last hours', async () => {
    const { chatId, user } = await world.chat();
    await world.storeMessages(chatId, user, 3);
    await world.request(await world.person('user'));
    const { live, hours } = await read();
    expect(live.programs.map(({ program }) => program).sort()).toEqual([
      'better_together',
      'companion',
      'counseling',
      'support',
    ]);
    expect(live.programs.find(({ program }) => program === 'better_together')).toEqual({
      program: 'better_together',
      open_conversations: 1,
      pending: { under_1m: 1, under_5m: 0, under_30m: 0, over_30m: 0, oldest_s: expect.any(Number) },
      available_helpers: 0,
    });
    expect(live.queues.map(({ queue }) => queue)).toContain('push');
    expect(live.outboxes.map(({ outbox }) => outbox)).toContain('messages');
    expect(hours).toHaveLength(24);
    const sum = (of: (hour: (typeof hours)[number]) => number): number =>
      hours.reduce((total, hour) => total + of(hour), 0);
    expect([sum((hour) => hour.requests), sum((hour) => hour.acceptances)]).toEqual([2, 1]);
    expect(sum((hour) => hour.messages)).toBe(3);
    expect(hours.find(({ acceptances }) => acceptances > 0)?.median_acceptance_s).toBeGreaterThan(0);
  });

  it('are read once however many ask at the same moment', async () => {
    const views = await Promise.all(Array.from({ length: 20 }, () => read()));
    expect(new Set(views.map(({ live }) => live.read_at)).size).toBe(1);
  });

  describe('by the hour', () => {
    let clock: FakeClock;
    let happenings: Happenings;
    const start = Date.parse('2026-03-10T10:20:00Z');
    beforeAll(async () => {
      clock = new FakeClock(new Date(start));
      happenings = new Happenings(world.service.app.get(DataSource), clock);
      await world.sql.query('TRUNCATE people CASCADE');
      await world.sql.query(`INSERT INTO people (id, sub, registered_at, created_at)
        SELECT gen_random_uuid(), 'p' || n, now(), now() FROM generate_series(1, 9) n`);
    });

    const ago = (minutes: number): Date => new Date(start - minutes * 60_000);
    const accepted = (minutesAgo: number, waitS: number) =>
      world.sql.query(
        `INSERT INTO help_requests (id, program, seeker_id, type, status, created_at, accepted_at, accepted_by)
        SELECT gen_random_uuid(), 'companion', p.id, 'chat', 'accepted', $1::timestamptz - $2 * interval '1 s', $1, p.id
        FROM people p WHERE p.sub = 'p1'`,
        [ago(minutesAgo), waitS],
      );
    const pushed = (minutesAgo: number, status: string) =>
      world.sql.query(
        `WITH told AS (
          INSERT INTO notifications (id, person_id, kind, title, body, channel_key, screen, priority, only_absent, created_at)
          SELECT gen_random_uuid(), id, 'message', 'T', 'B', 'c', 'home', 'normal', false, $1 FROM people WHERE sub = 'p1'
          RETURNING id
        )
        INSERT INTO notification_deliveries (id, notification_id, token_hash, status, created_at, updated_at)
        SELECT gen_random_uuid(), id, 'x', $2, $1, $1 FROM told`,
        [ago(minutesAgo), status],
      );
    const conversation = async (endedMinutesAgo: number | null, ...messagesMinutesAgo: number[]) => {
      const { rows } = await world.sql.query<{ id: string }>(
        `INSERT INTO conversations (id, program, status, created_at, last_activity_at, last_message_at, ended_at)
        VALUES (gen_random_uuid(), 'support', CASE WHEN $1::timestamptz IS NULL THEN 'active' ELSE 'ended' END, $2, $2, $2, $1)
        RETURNING id`,
        [endedMinutesAgo === null ? null : ago(endedMinutesAgo), ago(Math.min(...messagesMinutesAgo))],
      );
      for (const [index, minutes] of messagesMinutesAgo.entries()) {
        await world.sql.query(
          `INSERT INTO messages (conversation_id, seq, id, type, content, created_at)
          VALUES ($1, $2, gen_random_uuid(), 'text', 'hello', $3)`,
          [rows[0]?.id, index + 1, ago(minutes)],
        );
      }
    };

    it('count what happened in them, and nothing older', async () => {
      await accepted(5, 30);
      await accepted(6, 50);
      await accepted(7, 400);
      await accepted(85, 10);
      await accepted(24 * 60, 10);
      await pushed(1, 'accepted');
      await pushed(2, 'rejected');
      await pushed(90, 'pending');
      await conversation(null, 3_000, 90, 1);
      await conversation(10, 25 * 60, 70, 11);
      await conversation(25 * 60, 26 * 60);

      const hours = await happenings.lastDay();
      expect(hours.map(({ from }) => from)).toEqual(
        Array.from({ length: 24 }, (_, index) =>
          new Date(Date.parse('2026-03-09T11:00:00Z') + index * HOUR).toISOString(),
        ),
      );
      const none = { accepted: 0, rejected: 0, unknown: 0, skipped: 0, pending: 0 };
      expect(hours.at(-1)).toEqual({
        from: '2026-03-10T10:00:00.000Z',
        requests: 3,
        acceptances: 3,
        median_acceptance_s: 50,
        messages: 2,
        pushes: { ...none, accepted: 1, rejected: 1 },
      });
      expect(hours.at(-2)).toMatchObject({
        requests: 0,
        acceptances: 0,
        median_acceptance_s: null,
        messages: 1,
      });
      expect(hours.at(-3)).toMatchObject({ acceptances: 1, messages: 1, pushes: { ...none, pending: 1 } });
      expect(hours.slice(0, -3).every(({ requests, messages }) => requests + messages === 0)).toBe(true);
    });

    it('are counted again while they may change, and kept when they are settled', async () => {
      await pushed(61, 'accepted');
      await pushed(150, 'accepted');
      const hours = await happenings.lastDay();
      // 09:19 is in the hour before this one, 07:50 was settled.
      expect(hours.at(-2)?.pushes.accepted).toBe(1);
      expect(hours.at(-4)?.pushes.accepted).toBe(0);
      expect(
        (await new Happenings(world.service.app.get(DataSource), clock).lastDay()).at(-4)?.pushes.accepted,
      ).toBe(1);
      clock.advance(HOUR);
      const later = await happenings.lastDay();
      expect(later.at(-1)).toMatchObject({ from: '2026-03-10T11:00:00.000Z', requests: 0 });
      expect(later.at(-2)).toMatchObject({ requests: 3, acceptances: 3 });
    });
  });
});
