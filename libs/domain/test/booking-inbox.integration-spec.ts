import { createDataSource } from '@kindline/database';
import { systemClock } from '@kindline/platform';
import { createTestDatabase, type TestDatabase } from '@kindline/testing';
import type { DataSource } from 'typeorm';
import { BookingInbox } from '../src';

jest.setTimeout(60_000);

describe('what facilitators have not received', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let inbox: BookingInbox;
  const facilitators = Array.from({ length: 1_000 }, (_, n) => `facilitator-${n}`);

  beforeAll(async () => {
    database = await createTestDatabase();
    dataSource = await createDataSource({ url: database.url }).initialize();
    inbox = new BookingInbox(dataSource, systemClock);
    // Old ones that were received, a backlog of people who are not here, and 25 that two of those here have not got.
    await dataSource.query(
      `INSERT INTO booking_notifications (id, facilitator_id, dedupe_key, booking, source, created_at, was_online, delivered_at)
      SELECT lpad(to_hex(n), 32, '0')::uuid, CASE WHEN n % 3 = 0 THEN 'away-' || n % 40 ELSE 'facilitator-' || n % 1000 END,
        n, '{"user":{},"session":{}}', 'test', now(), true, CASE WHEN n % 3 > 0 AND NOT (n > 59000 AND n % 1000 < 2) THEN now() END
      FROM generate_series(1, 60000) n`,
    );
    await dataSource.query('ANALYZE booking_notifications');
  });
  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  it('comes page by page, oldest first for each, everything once', async () => {
    await dataSource.query(
      `UPDATE booking_notifications SET delivered_at = NULL WHERE facilitator_id IN ('facilitator-1', 'facilitator-2') AND id > $1`,
      ['00000000-0000-0000-0000-00000000c000'],
    );
    const found: string[] = [];
    let page = await inbox.undelivered(facilitators, 5);
    while (page.length > 0) {
      found.push(
        ...page.map(({ facilitatorId, notification }) => facilitatorId + notification.notification_id),
      );
      page = await inbox.undelivered(facilitators, 5, page.at(-1));
    }
    const [{ count }] = await dataSource.query<[{ count: number }]>(
      `SELECT count(*)::int FROM booking_notifications WHERE delivered_at IS NULL AND facilitator_id LIKE 'facilitator-%'`,
    );
    expect(count).toBeGreaterThan(10);
    expect(found).toHaveLength(count);
    expect(found).toEqual([...new Set(found)].sort());
  });

  it('is found by its index, however much others have waiting', async () => {
    const query = jest.spyOn(dataSource, 'query');
    await inbox.undelivered(facilitators, 500);
    const [sql, parameters] = query.mock.calls[0] ?? [];
    query.mockRestore();
    const plan = await dataSource.query<{ 'QUERY PLAN': string }[]>(`EXPLAIN ${String(sql)}`, parameters);
    const indexes = plan.flatMap((line) => /Scan (?:using|on) (\w+)/.exec(line['QUERY PLAN'])?.[1] ?? []);
    expect(indexes).toContain('booking_notifications_undelivered');
  });
});
