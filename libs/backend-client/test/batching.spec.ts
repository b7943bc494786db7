import { createClientWith } from '../src/backend-client';
import type { BackendClientOptions } from '../src/options';
import { loadSocketIo } from '../src/socket-io';
import { accept, booking, FakeApi, inTurn, json, problem, type Reply } from './fake-api';
import { FakeTiming } from './fake-timing';

let api: FakeApi;
let timing: FakeTiming;

const make = (more: Partial<BackendClientOptions> = {}) =>
  createClientWith({ url: api.url, token: 'token', ...more }, timing, loadSocketIo);
const many = (count: number, more: Parameters<typeof booking>[1] = {}) =>
  Array.from({ length: count }, (_, n) => booking(n, more));
const sizes = () => api.requests.map(({ bookings }) => bookings.length);

beforeEach(async () => {
  api = await FakeApi.start();
  timing = new FakeTiming();
});
afterEach(() => api.stop());

describe('bookings at the same time', () => {
  it('share requests of at most 500, and each gets its own answer', async () => {
    const client = make();
    const bookings = many(2_000).map((one, n) => ({ ...one, event_id: `e-${n}` }));
    const published = await Promise.all(bookings.map((one) => client.publishBooking(one)));
    expect(sizes()).toEqual([500, 500, 500, 500]);
    expect(published.map(({ notificationId }) => notificationId)).toEqual(bookings.map((_, n) => `n-e-${n}`));
    expect(api.mostOpen).toBeLessThanOrEqual(4);
  });

  it('gather while as many requests as may be are in flight', async () => {
    const client = make({ maxRequests: 1 });
    let answer: () => void = () => undefined;
    api.reply = inTurn((request, response, number) => {
      answer = () => accept(request, response, number);
    }, accept);
    const publishing = [client.publishBooking(booking(0))];
    await api.arrived(1);
    for (let n = 1; n <= 30; n++) {
      publishing.push(client.publishBooking(booking(n)));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(sizes()).toEqual([1]);
    answer();
    await Promise.all(publishing);
    expect(sizes()).toEqual([1, 30]);
  });

  it('are at most so many requests at once', async () => {
    let held: (() => void)[] = [];
    api.reply = (request, response, number) => {
      held.push(() => accept(request, response, number));
      if (held.length < 2) return;
      for (const answer of held) answer();
      held = [];
    };
    const results = await make({ maxRequests: 2 }).publishBookings(many(5_000));
    expect(results.every(({ ok }) => ok)).toBe(true);
    expect(api.mostOpen).toBe(2);
    expect(sizes()).toEqual(Array.from({ length: 10 }, () => 500));
  });

  it('are split before a request becomes longer than 1 MiB', async () => {
    const results = await make().publishBookings(many(31, { facilitator_id: 'ö'.repeat(50_000) }));
    expect(results.every(({ ok }) => ok)).toBe(true);
    expect(api.requests.length).toBe(4);
    for (const { text } of api.requests) expect(Buffer.byteLength(text)).toBeLessThanOrEqual(1024 * 1024);
  });

  it('settle each by itself', async () => {
    const errors = [{ path: 'user.email', message: 'must be an e-mail address' }];
    api.reply = ({ bookings }, response) =>
      json(response, 202, {
        results: bookings.map(({ booking_id }, n) =>
          n === 1
            ? { booking_id, error: { code: 'validation_failed', message: 'no', errors } }
            : { booking_id, notification_id: `n-${n}`, status: 'delivered' },
        ),
      });
    const [first, second, third] = await make().publishBookings(
      many(3).map((one) => ({ ...one, event_id: 'e' })),
    );
    expect(first).toEqual({ ok: true, eventId: 'e', notificationId: 'n-0', status: 'delivered' });
    expect(second).toMatchObject({ ok: false, eventId: 'e', error: { code: 'validation_failed', errors } });
    expect(third).toMatchObject({ ok: true, notificationId: 'n-2' });
    expect(api.requests).toHaveLength(1);
  });

  it.each(['unavailable', 'internal', 'rate_limited'])('are tried again alone after %s', async (code) => {
    const some: Reply = ({ bookings }, response) =>
      json(response, 202, {
        results: bookings.map(({ booking_id }, n) =>
          n === 1
            ? { booking_id, error: { code, message: 'not now' } }
            : { booking_id, notification_id: `first-${n}`, status: 'stored' },
        ),
      });
    api.reply = inTurn(some, accept);
    const results = await make().publishBookings(many(3).map((one, n) => ({ ...one, event_id: `e-${n}` })));
    expect(results.map((one) => one.ok && one.notificationId)).toEqual(['first-0', 'n-e-1', 'first-2']);
    expect(sizes()).toEqual([3, 1]);
    expect(api.requests[1]?.bookings[0]?.event_id).toBe('e-1');
  });

  it('keep their event ids over retries of the batch', async () => {
    api.reply = inTurn((_, response) => response.destroy(), accept);
    await make().publishBookings(many(100));
    const [first, second] = api.requests.map(({ bookings }) => bookings.map(({ event_id }) => event_id));
    expect(second).toEqual(first);
    expect(new Set(first).size).toBe(100);
    expect(api.requests[0]?.headers['idempotency-key']).toBeUndefined();
  });

  it.each<[string, Reply]>([
    ['too few results', ({ bookings }, response) => json(response, 202, { results: bookings.slice(1) })],
    ['no results', (_, response) => json(response, 202, {})],
    [
      'results of another kind',
      ({ bookings }, response) => json(response, 202, { results: bookings.map(() => 0) }),
    ],
  ])('are tried again after an answer with %s', async (_, reply) => {
    api.reply = inTurn(reply, accept);
    const results = await make().publishBookings(many(3));
    expect(results.every(({ ok }) => ok)).toBe(true);
    expect(sizes()).toEqual([3, 3]);
  });

  it.each([400, 413])('are halved on %i until the one at fault stands alone', async (status) => {
    api.reply = (request, response, number) =>
      request.bookings.some(({ booking_id }) => booking_id === 37)
        ? problem(response, status, 'too_large')
        : accept(request, response, number);
    const results = await make({ maxRequests: 1 }).publishBookings(many(100));
    expect(results.filter(({ ok }) => !ok)).toHaveLength(1);
    expect(results[37]).toMatchObject({ ok: false, error: { code: 'too_large', status } });
    expect(api.mostOpen).toBe(1);
    expect(api.requests.length).toBeLessThan(20);
  });

  it('fail all together with a clear no to the request', async () => {
    api.reply = (_, response) => problem(response, 401, 'unauthenticated');
    const results = await make().publishBookings(many(600));
    expect(results.every((one) => !one.ok && one.error.code === 'unauthenticated')).toBe(true);
    expect(api.requests).toHaveLength(2);
  });

  it('are not held up by those that cannot be sent', async () => {
    const wrong = [booking(0), { ...booking(1), booking_id: 1n as never }, undefined as never, booking(3)];
    const results = await make().publishBookings(wrong);
    expect(results.map(({ ok }) => ok)).toEqual([true, false, false, true]);
    expect(sizes()).toEqual([2]);
  });

  it('leave nobody waiting for a server that never comes back', async () => {
    api.reply = (_, response) => problem(response, 503, 'unavailable', { 'retry-after': '5' });
    const results = await make({ maxRequests: 1 }).publishBookings(many(700));
    expect(results.every((one) => !one.ok && one.error.code === 'unavailable')).toBe(true);
    expect(timing.pending).toBe(0);
  });

  it('wait for nothing when there are none', async () => {
    expect(await make().publishBookings([])).toEqual([]);
    expect(api.requests).toHaveLength(0);
  });

  it('may share one signal, which has one listener then and none afterwards', async () => {
    const { signal } = new AbortController();
    const add = jest.spyOn(signal, 'addEventListener');
    const remove = jest.spyOn(signal, 'removeEventListener');
    const results = await make().publishBookings(many(2_000), { signal });
    expect(results.every(({ ok }) => ok)).toBe(true);
    expect(add).toHaveBeenCalledTimes(1);
    expect(remove).toHaveBeenCalledTimes(1);
    await make().publishBookings(many(2), { signal });
    expect(add).toHaveBeenCalledTimes(2);
  });

  it('all end with the signal they share', async () => {
    const stop = new AbortController();
    api.reply = () => stop.abort();
    const results = await make().publishBookings(many(2_600), { signal: stop.signal });
    expect(results.every((one) => !one.ok && one.error.code === 'aborted')).toBe(true);
    // What had not been sent by then was never stored.
    expect(results.at(-1)).toMatchObject({ error: { maybeStored: false } });
  });
});
