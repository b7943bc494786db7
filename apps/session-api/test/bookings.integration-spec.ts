import { BOOKING_BATCH } from '@kindline/contracts';
import { BookingInbox, Bookings } from '@kindline/domain';
import { fingerprint } from '@kindline/auth';
import { TEST_SERVICE_TOKEN } from '@kindline/testing';
import { randomUUID } from 'node:crypto';
import { type Answer, ApiWorld } from './api-world';
import { expectProblem, expectRefusedField } from './refusals';

const PATH = '/api/bookings/notifications';

const booking = (change: object = {}) => ({
  booking_id: randomUUID() as string | number,
  user: { id: 5, name: 'Jane Smith', email: 'Jane@example.com' },
  session: { id: 1, title: 'Morning Meditation', start_time: '2024-01-15T09:00:00' },
  facilitator_id: 2,
  ...change,
});

interface Result {
  booking_id?: string | number;
  notification_id?: string;
  status?: string;
  error?: { code: string; message: string; errors?: { path: string }[] };
}

describe('bookings over HTTP', () => {
  let world: ApiWorld;
  beforeAll(async () => {
    world = await ApiWorld.start();
  });
  afterAll(() => world.stop());

  const publish = (body: unknown, key?: string): Promise<Answer> =>
    world.call('POST', PATH, {
      token: TEST_SERVICE_TOKEN,
      body,
      ...(key !== undefined && { headers: { 'idempotency-key': key } }),
    });
  const batch = async (bookings: unknown[], key?: string): Promise<Result[]> => {
    const { body } = await world.expectStatus(202, publish(bookings, key));
    return body['results'] as Result[];
  };
  const rows = (facilitator: string) =>
    world.count('booking_notifications WHERE facilitator_id = $1', [facilitator]);

  it('stores one for a facilitator who is not connected, and says so', async () => {
    const answer = await publish(booking({ booking_id: 123 }));
    expect([answer.status, answer.body]).toEqual([
      202,
      { notification_id: expect.stringMatching(/^[0-9a-f-]{36}$/), status: 'stored' },
    ]);
    const { rows: stored } = await world.sql.query(
      'SELECT facilitator_id, booking, source, delivered_at, read_at FROM booking_notifications WHERE id = $1',
      [answer.body['notification_id']],
    );
    expect(stored).toEqual([
      {
        facilitator_id: '2',
        booking: {
          booking_id: 123,
          user: { id: 5, name: 'Jane Smith', email: 'Jane@example.com' },
          session: { id: 1, title: 'Morning Meditation', start_time: '2024-01-15T09:00:00' },
        },
        source: `service:${fingerprint(TEST_SERVICE_TOKEN)}`,
        delivered_at: null,
        read_at: null,
      },
    ]);
  });

  describe('the same event again', () => {
    it.each([
      [
        'by its event_id, whatever its content',
        { event_id: 'one' },
        { event_id: 'one', session: { id: 9, title: 'Other', start_time: 'later' } },
      ],
      ['by its content', {}, {}],
    ])('is known %s', async (_how, first, again) => {
      const one = booking({ facilitator_id: `by-${_how}` });
      const [a, b] = [await publish({ ...one, ...first }), await publish({ ...one, ...again })];
      expect([a.status, b.status, b.body]).toEqual([202, 202, a.body]);
      expect(await rows(`by-${_how}`)).toBe(1);
    });

    it('is known by the Idempotency-Key', async () => {
      const one = booking({ facilitator_id: 'by-key' });
      const key = randomUUID();
      const first = await publish(one, key);
      const again = await publish({ ...one, session: { ...one.session, title: 'Other' } }, key);
      expect(again.body).toEqual(first.body);
      expect(await rows('by-key')).toBe(1);
    });

    it('is known by an event_id before the Idempotency-Key', async () => {
      const one = booking({ facilitator_id: 'by-both', event_id: randomUUID() });
      const first = await publish(one, randomUUID());
      expect((await publish(one, randomUUID())).body).toEqual(first.body);
      expect(await rows('by-both')).toBe(1);
    });

    it.each([
      ['content', { session: { id: 1, title: 'Evening Meditation', start_time: '2024-01-15T09:00:00' } }],
      ['start', { session: { id: 1, title: 'Morning Meditation', start_time: '2024-01-15T10:00:00' } }],
      ['user', { user: { id: 6, name: 'Jane Smith', email: 'Jane@example.com' } }],
      ['type of its id', { booking_id: '123' }],
      ['facilitator', { facilitator_id: 'changed-other' }],
    ])('is a new one with a changed %s', async (_what, change) => {
      const one = booking({ booking_id: 123, facilitator_id: `changed-${_what}` });
      const first = await publish(one);
      const other = await publish({ ...one, ...change });
      expect(other.status).toBe(202);
      expect(other.body['notification_id']).not.toBe(first.body['notification_id']);
    });

    it.each([
      ['booking', { booking_id: 'another' }],
      ['facilitator', { facilitator_id: 'another' }],
    ])('is none when its key names another %s: a conflict, and nothing changes', async (_what, change) => {
      const event_id = randomUUID();
      const one = booking({ event_id });
      await world.expectStatus(202, publish(one));
      const before = await world.count('booking_notifications');
      expectProblem(await publish({ ...one, ...change }), 'conflict');
      const [result] = await batch([{ ...one, ...change }]);
      expect(result).toMatchObject({ error: { code: 'conflict' } });
      expect(await world.count('booking_notifications')).toBe(before);
    });

    it('is stored once when a hundred arrive at the same moment, in batches and alone', async () => {
      const shared = Array.from({ length: 20 }, (_, n) =>
        booking({ booking_id: n, facilitator_id: 'crowd' }),
      );
      const backwards = [...shared].reverse();
      const answers = await Promise.all([
        ...Array.from({ length: 10 }, (_, n) => batch(n % 2 ? shared : backwards)),
        ...shared.map(async (one) => [(await publish(one)).body as Result]),
      ]);
      expect(await rows('crowd')).toBe(20);
      expect(new Set(answers.flat().map(({ notification_id }) => notification_id)).size).toBe(20);
    });
  });

  describe('a batch', () => {
    it('is answered in its order, each booking by itself', async () => {
      const results = await batch([
        booking({ booking_id: 'a', facilitator_id: 'batch' }),
        booking({ booking_id: 'b', facilitator_id: 'batch', surprise: 1 }),
        { booking_id: 'c' },
        null,
        'text',
        booking({ booking_id: 4, facilitator_id: 'batch' }),
      ]);
      const stored = { notification_id: expect.any(String), status: 'stored' };
      const failed = (errors: unknown) => ({
        code: 'validation_failed',
        message: expect.any(String),
        errors,
      });
      expect(results).toEqual([
        { booking_id: 'a', ...stored },
        { booking_id: 'b', error: failed([{ path: 'input', message: expect.stringContaining('surprise') }]) },
        {
          booking_id: 'c',
          error: failed(expect.arrayContaining([expect.objectContaining({ path: 'user' })])),
        },
        { error: failed(expect.anything()) },
        { error: failed(expect.anything()) },
        { booking_id: 4, ...stored },
      ]);
      expect(await rows('batch')).toBe(2);
    });

    it('stores the same booking once, and answers it twice', async () => {
      const one = booking({ facilitator_id: 'twins' });
      const [first, second] = await batch([one, one]);
      expect(second).toEqual(first);
      expect(await rows('twins')).toBe(1);
    });

    it('keeps its order in the inbox', async () => {
      const ids = Array.from({ length: 100 }, (_, n) => n);
      await batch(ids.map((booking_id) => booking({ booking_id, facilitator_id: 'ordered' })));
      const unread = await world.service.app.get(BookingInbox).unread('ordered');
      expect(unread.map(({ booking_id }) => booking_id)).toEqual(ids);
    });

    it('comes after the one that was sent before it, also within one moment', async () => {
      const ids = Array.from({ length: 60 }, (_, n) => n);
      const bookings = world.service.app.get(Bookings);
      // In one turn of the event loop: as fast as they can come.
      await Promise.all(
        ids.map((booking_id) =>
          bookings.publish([
            { event: booking({ booking_id, facilitator_id: 'one after the other' }), source: 'test' },
          ]),
        ),
      );
      const unread = await world.service.app.get(BookingInbox).unread('one after the other');
      expect(unread.map(({ booking_id }) => booking_id)).toEqual(ids);
    });

    it('is known again by its Idempotency-Key, each booking by its place', async () => {
      const same = booking({ facilitator_id: 'keyed' });
      const key = randomUUID();
      // Without the key the two would be one.
      const first = await batch([same, same], key);
      expect(new Set(first.map(({ notification_id }) => notification_id)).size).toBe(2);
      expect(await batch([same, same], key)).toEqual(first);
      expect(await rows('keyed')).toBe(2);
    });

    it(`holds ${BOOKING_BATCH} bookings at most, and one at least`, async () => {
      const many = (count: number) =>
        Array.from({ length: count }, (_, n) => booking({ booking_id: n, facilitator_id: 'many' }));
      expect(await batch(many(BOOKING_BATCH))).toHaveLength(BOOKING_BATCH);
      for (const wrong of [[], many(BOOKING_BATCH + 1)]) {
        const answer = await publish(wrong);
        expectProblem(answer, 'validation_failed');
        expect(answer.body['detail']).toMatch(/must (not be empty|hold at most 500 bookings)/);
      }
      expect(await rows('many')).toBe(BOOKING_BATCH);
    });
  });

  it.each([['x'.repeat(256)], ['a\tb'], ['']])('refuses the Idempotency-Key %j', async (key) => {
    const before = await world.count('booking_notifications');
    const answer = await publish(booking(), key);
    expectRefusedField(answer, 'idempotency-key', key);
    expect(await world.count('booking_notifications')).toBe(before);
  });

  it('is for backends only, and does not act for anybody', async () => {
    const admin = await world.person('admin', 'facilitator');
    expectProblem(await world.as(admin, 'POST', PATH, booking()), 'forbidden');
  });
});
