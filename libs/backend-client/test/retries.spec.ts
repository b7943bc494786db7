import { inspect } from 'node:util';
import { KindlineBackendError } from '../src';
import { type BackendClient, createClientWith } from '../src/backend-client';
import type { BackendClientOptions } from '../src/options';
import { loadSocketIo } from '../src/socket-io';
import { accept, booking, FakeApi, inTurn, json, problem, type Reply } from './fake-api';
import { FakeTiming } from './fake-timing';

const TOKEN = 'a-token-that-nobody-may-see';

let api: FakeApi;
let timing: FakeTiming;
let client: BackendClient;

const make = (more: Partial<BackendClientOptions> = {}) =>
  createClientWith({ url: api.url, token: TOKEN, ...more }, timing, loadSocketIo);

beforeEach(async () => {
  api = await FakeApi.start();
  timing = new FakeTiming();
  client = make();
});
afterEach(() => api.stop());

/** The error it fails with. */
async function failure(publishing: Promise<unknown>): Promise<KindlineBackendError> {
  const error: unknown = await publishing.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof KindlineBackendError)) throw new Error(`failed with ${inspect(error)}`);
  return error;
}

const unavailable: Reply = (_, response) => problem(response, 503, 'unavailable');
const hang: Reply = () => undefined;
const eventIds = () => api.requests.map(({ bookings }) => bookings[0]?.event_id);

describe('one booking', () => {
  it('is sent once with the token and its event id, also as the idempotency key', async () => {
    const published = await client.publishBooking(booking(7));
    const [request] = api.requests;
    expect(api.requests).toHaveLength(1);
    expect(request?.path).toBe('/api/bookings/notifications');
    expect(request?.headers.authorization).toBe(`Bearer ${TOKEN}`);
    expect(request?.body).toEqual({ ...booking(7), event_id: published.eventId });
    expect(request?.headers['idempotency-key']).toBe(published.eventId);
    expect(published).toEqual({
      notificationId: `n-${published.eventId}`,
      status: 'stored',
      eventId: published.eventId,
    });
    expect(published.eventId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("keeps the caller's event id", async () => {
    const { eventId } = await client.publishBooking(booking(7, { event_id: 'größe 7' }));
    expect(eventId).toBe('größe 7');
    expect(eventIds()).toEqual(['größe 7']);
    // No header can carry it; the body does.
    expect(api.requests[0]?.headers['idempotency-key']).toBeUndefined();
  });

  it('is sent as it was at the call', async () => {
    const changing = booking(7);
    const publishing = client.publishBooking(changing);
    changing.booking_id = 8;
    await publishing;
    expect(api.requests[0]?.bookings[0]?.booking_id).toBe(7);
  });

  it('goes below the path of the url', async () => {
    await make({ url: `${api.url}/kindline/` }).publishBooking(booking());
    expect(api.requests[0]?.path).toBe('/kindline/api/bookings/notifications');
  });

  it('leaves no timer behind', async () => {
    api.reply = inTurn(unavailable, accept);
    await client.publishBooking(booking());
    expect(timing.pending).toBe(0);
  });
});

describe('trying again', () => {
  it.each([408, 429, 500, 502, 503, 504])('after %i, with the same event id', async (status) => {
    api.reply = inTurn((_, response) => json(response, status, {}), accept);
    await client.publishBooking(booking());
    expect(api.requests).toHaveLength(2);
    expect(new Set(eventIds()).size).toBe(1);
    expect(api.requests[1]?.headers['idempotency-key']).toBe(eventIds()[0]);
  });

  it('waits longer each time, up to 5 s, and a random part of it', async () => {
    api.reply = inTurn(...Array.from({ length: 8 }, () => unavailable), accept);
    await client.publishBooking(booking());
    expect(timing.sleeps).toEqual([50, 100, 200, 400, 800, 1_600, 2_500, 2_500]);
  });

  it('waits out Retry-After before the random part', async () => {
    api.reply = inTurn(
      (_, response) => problem(response, 429, 'rate_limited', { 'retry-after': '7' }),
      accept,
    );
    await client.publishBooking(booking());
    expect(timing.sleeps).toEqual([7_050]);
  });

  it('understands a date in Retry-After', async () => {
    const date = new Date(timing.now() + 4_000).toUTCString();
    api.reply = inTurn(
      (_, response) => problem(response, 503, 'unavailable', { 'retry-after': date }),
      accept,
    );
    await client.publishBooking(booking());
    expect(timing.sleeps).toEqual([4_050]);
  });

  it('gives up at once when Retry-After lies behind the deadline', async () => {
    api.reply = (_, response) => problem(response, 429, 'rate_limited', { 'retry-after': '3600' });
    const error = await failure(client.publishBooking(booking()));
    expect(error).toMatchObject({ code: 'rate_limited', status: 429, maybeStored: false });
    expect(api.requests).toHaveLength(1);
  });

  it('ends at the deadline while the server answers 500, and says that it may be stored', async () => {
    api.reply = (_, response) => problem(response, 500, 'internal');
    const began = timing.now();
    const error = await failure(client.publishBooking(booking(1, { event_id: 'e-1' })));
    expect(error).toMatchObject({ code: 'internal', status: 500, eventId: 'e-1', maybeStored: true });
    expect(error.message).toContain('because of internal');
    expect(timing.now() - began).toBeLessThan(60_000);
    expect(timing.now() - began).toBeGreaterThan(50_000);
    expect(timing.pending).toBe(0);
  });

  it('cuts off an attempt that gets no answer within its time', async () => {
    api.reply = inTurn(hang, accept);
    const publishing = client.publishBooking(booking());
    await api.arrived(1);
    timing.advance(10_000);
    await publishing;
    expect(api.requests).toHaveLength(2);
  });

  it('cuts off an answer that stops in the middle', async () => {
    api.reply = inTurn((_, response) => {
      response.writeHead(202, { 'content-type': 'application/json' }).write('{"notification_id":');
      timing.advance(10_000);
    }, accept);
    await client.publishBooking(booking());
    expect(api.requests).toHaveLength(2);
  });

  it.each<[string, Reply]>([
    ['no answer', (_, response) => response.destroy()],
    [
      'half an answer',
      (_, response) => {
        response
          .writeHead(202, { 'content-length': '100' })
          .write('{"notification_id":', () => response.destroy());
      },
    ],
    ['a page of something else', (_, response) => response.writeHead(200).end('<html>Welcome</html>')],
    ['other JSON', (_, response) => json(response, 202, { notification_id: 5 })],
    ['an unknown status', (_, response) => json(response, 202, { notification_id: '5', status: 'lost' })],
  ])('after %s', async (_, reply) => {
    api.reply = inTurn(reply, accept);
    await client.publishBooking(booking());
    expect(api.requests).toHaveLength(2);
    expect(new Set(eventIds()).size).toBe(1);
  });

  it('knows that nothing is stored where nobody listened', async () => {
    const impatient = make({ timeoutMs: 500 });
    await api.stop();
    const error = await failure(impatient.publishBooking(booking()));
    expect(error).toMatchObject({ code: 'network', maybeStored: false });
    expect(error.message).toContain('ECONNREFUSED');
    api = await FakeApi.start();
  });

  it('does not know whether anything is stored where the connection broke', async () => {
    api.reply = (_, response) => response.destroy();
    const error = await failure(make({ timeoutMs: 500 }).publishBooking(booking()));
    expect(error).toMatchObject({ code: 'network', maybeStored: true });
  });

  it('does not know it either where the deadline came before an answer', async () => {
    api.reply = hang;
    const publishing = failure(client.publishBooking(booking()));
    await api.arrived(1);
    timing.advance(60_000);
    expect(await publishing).toMatchObject({ code: 'timeout', maybeStored: true });
  });

  it('still says so when a clear no follows', async () => {
    api.reply = inTurn(
      (_, response) => problem(response, 500, 'internal'),
      (_, response) => problem(response, 401, 'unauthenticated'),
    );
    const error = await failure(client.publishBooking(booking()));
    expect(error).toMatchObject({ code: 'unauthenticated', status: 401, maybeStored: true });
  });
});

describe('a clear no', () => {
  it.each([
    [400, 'validation_failed'],
    [401, 'unauthenticated'],
    [403, 'forbidden'],
    [404, 'not_found'],
    [409, 'conflict'],
    [413, 'too_large'],
  ])('%i is not tried again', async (status, code) => {
    api.reply = (_, response) => problem(response, status, code);
    const error = await failure(client.publishBooking(booking(1, { event_id: 'e-1' })));
    expect(error).toMatchObject({
      code,
      status,
      message: `because of ${code}`,
      eventId: 'e-1',
      maybeStored: false,
    });
    expect(api.requests).toHaveLength(1);
  });

  it('names the fields', async () => {
    const errors = [{ path: 'user.email', message: 'must be an e-mail address' }];
    api.reply = (_, response) => json(response, 400, { code: 'validation_failed', detail: 'no', errors });
    expect((await failure(client.publishBooking(booking()))).errors).toEqual(errors);
  });

  it('follows no redirect, so that the token goes nowhere else', async () => {
    const other = await FakeApi.start();
    api.reply = (_, response) => response.writeHead(307, { location: `${other.url}/api` }).end();
    const error = await failure(client.publishBooking(booking()));
    expect(error).toMatchObject({ code: 'redirected', status: 307, maybeStored: false });
    expect(other.requests).toHaveLength(0);
    await other.stop();
  });

  it.each([
    ['a BigInt', { ...booking(), booking_id: 1n }],
    ['nothing', undefined],
    ['null', null],
    ['a list', [booking()]],
    ['a text', 'booking'],
  ])('%s is no booking and is not sent', async (_, wrong) => {
    const error = await failure(client.publishBooking(wrong as never));
    expect(error).toMatchObject({ code: 'validation_failed', maybeStored: false });
    expect(api.requests).toHaveLength(0);
  });

  it('is given here for what is longer than any request may be', async () => {
    const error = await failure(client.publishBooking(booking('x'.repeat(2 * 1024 * 1024))));
    expect(error.code).toBe('too_large');
    expect(api.requests).toHaveLength(0);
  });
});

describe('giving up', () => {
  it('sends nothing when the signal was aborted before', async () => {
    const error = await failure(client.publishBooking(booking(), { signal: AbortSignal.abort() }));
    expect(error).toMatchObject({ code: 'aborted', maybeStored: false });
    await client.publishBooking(booking(2));
    expect(api.requests.flatMap(({ bookings }) => bookings.map((one) => one.booking_id))).toEqual([2]);
  });

  it('cuts off the request when nobody waits for it any more', async () => {
    const stop = new AbortController();
    const cut = new Promise<void>((resolve) => {
      api.reply = (_, response) => void response.on('close', resolve);
    });
    const publishing = failure(client.publishBooking(booking(), { signal: stop.signal }));
    await api.arrived(1);
    stop.abort(new Error('the shop closes'));
    const error = await publishing;
    expect(error).toMatchObject({ code: 'aborted', maybeStored: true });
    expect(error.cause).toEqual(new Error('the shop closes'));
    await cut;
    expect(timing.pending).toBe(0);
  });

  it('takes nothing from those who still wait', async () => {
    const stop = new AbortController();
    api.reply = inTurn(unavailable, (request, response, number) => {
      stop.abort();
      setImmediate(() => accept(request, response, number));
    });
    const [gone, stays] = await Promise.allSettled([
      client.publishBooking(booking(1), { signal: stop.signal }),
      client.publishBooking(booking(2)),
    ]);
    expect(gone.status).toBe('rejected');
    expect(stays.status).toBe('fulfilled');
  });
});

describe('closing', () => {
  it('waits for what is under way, then refuses', async () => {
    api.reply = inTurn(unavailable, accept);
    const publishing = client.publishBooking(booking());
    let settled = false;
    void publishing.then(() => (settled = true));
    await client.close();
    expect(settled).toBe(true);
    expect(await failure(client.publishBooking(booking()))).toMatchObject({
      code: 'closed',
      maybeStored: false,
    });
    expect(await failure(client.publishBookings([booking()]))).toMatchObject({ code: 'closed' });
    expect(await failure(client.connect())).toMatchObject({ code: 'closed' });
    expect(api.requests).toHaveLength(2);
  });

  it('waits for all of a long list', async () => {
    const publishing = client.publishBookings(Array.from({ length: 4_500 }, (_, n) => booking(n)));
    await client.close();
    const results = await publishing;
    expect(results).toHaveLength(4_500);
    expect(results.every(({ ok }) => ok)).toBe(true);
  });

  it('can be asked for twice', async () => {
    await Promise.all([client.close(), client.close()]);
  });
});

describe('the token', () => {
  it('is in no error and not in the client', async () => {
    api.reply = (_, response) => problem(response, 403, 'forbidden');
    const errors = [await failure(client.publishBooking(booking()))];
    api.reply = (_, response) =>
      json(response, 400, {
        code: 'validation_failed',
        detail: `Bearer ${TOKEN} is unknown`,
        errors: [{ path: TOKEN, message: TOKEN }],
      });
    errors.push(await failure(client.publishBooking(booking())));
    expect(errors[1]?.message).toBe('Bearer [token] is unknown');
    api.reply = (_, response) => response.destroy();
    errors.push(await failure(make({ timeoutMs: 100 }).publishBooking(booking())));
    const shown = inspect([client, errors], { depth: 20, showHidden: true });
    expect(shown).not.toContain(TOKEN);
    expect(JSON.stringify([client, errors])).not.toContain(TOKEN);
  });
});
