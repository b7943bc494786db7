import { eventually } from '@kindline/testing';
import { inspect } from 'node:util';
import { type BackendClient, createClientWith } from '../src/backend-client';
import type { BackendClientOptions } from '../src/options';
import { loadSocketIo } from '../src/socket-io';
import { booking, FakeApi } from './fake-api';
import { acceptOnSocket, FakeGateway } from './fake-gateway';
import { FakeTiming } from './fake-timing';

const TOKEN = 'a-token-that-nobody-may-see';

let api: FakeApi;
let gateway: FakeGateway;
let timing: FakeTiming;
let client: BackendClient;

const make = (more: Partial<BackendClientOptions> = {}) =>
  createClientWith({ url: api.url, gatewayUrl: gateway.url, token: TOKEN, ...more }, timing, loadSocketIo);

beforeEach(async () => {
  [api, gateway] = await Promise.all([FakeApi.start(), FakeGateway.start()]);
  timing = new FakeTiming();
  client = make();
});
afterEach(async () => {
  await client.close();
  await gateway.stop();
  await api.stop();
});

const away = () => eventually('the socket is away', () => !client.connected);
const back = () => eventually('the socket is back', () => client.connected);

describe('an open socket', () => {
  it('carries the bookings once the gateway has taken the token', async () => {
    expect(client.connected).toBe(false);
    await client.connect();
    expect(client.connected).toBe(true);
    expect(gateway.tokens).toEqual([TOKEN]);
    const published = await client.publishBooking(booking(7, { event_id: 'e-7' }));
    expect(published).toEqual({ notificationId: 's-e-7', status: 'delivered', eventId: 'e-7' });
    expect(gateway.bookings).toEqual([{ ...booking(7), event_id: 'e-7' }]);
    expect(api.requests).toHaveLength(0);
  });

  it('is one, however often it is asked for', async () => {
    await Promise.all([client.connect(), client.connect()]);
    await client.connect();
    expect(gateway.tokens).toHaveLength(1);
  });

  it('carries at most 200 unanswered bookings', async () => {
    await client.connect();
    gateway.onBooking = (sent, ack) => setImmediate(() => acceptOnSocket(sent, ack));
    const results = await client.publishBookings(Array.from({ length: 1_000 }, (_, n) => booking(n)));
    expect(results.every(({ ok }) => ok)).toBe(true);
    expect(gateway.bookings).toHaveLength(1_000);
    expect(gateway.mostOpen).toBeLessThanOrEqual(200);
    expect(api.requests).toHaveLength(0);
  });

  it('does not forget what waits behind many that were given up', async () => {
    await client.connect();
    const many = Array.from({ length: 250 }, (_, n) => booking(n));
    const givenUp = client.publishBookings(many, { signal: AbortSignal.abort() });
    const { notificationId } = await client.publishBooking(booking(1, { event_id: 'e-1' }));
    expect(notificationId).toBe('s-e-1');
    expect((await givenUp).every(({ ok }) => !ok)).toBe(true);
    expect(gateway.bookings).toHaveLength(1);
  });

  it('brings a clear no back', async () => {
    await client.connect();
    const errors = [{ path: 'user.email', message: 'must be an e-mail address' }];
    gateway.onBooking = (_, ack) =>
      ack({ ok: false, error: { code: 'validation_failed', message: 'no', errors } });
    await expect(client.publishBooking(booking(1, { event_id: 'e-1' }))).rejects.toMatchObject({
      code: 'validation_failed',
      message: 'no',
      errors,
      eventId: 'e-1',
      maybeStored: false,
    });
    expect(api.requests).toHaveLength(0);
  });

  it.each([
    [
      'a passing refusal',
      { ok: false, error: { code: 'unavailable', message: 'This server is going down' } },
    ],
    ['an answer of something else', { hello: 1 }],
  ])('leaves the booking to HTTP after %s', async (_, answer) => {
    await client.connect();
    gateway.onBooking = (__, ack) => ack(answer);
    const { notificationId } = await client.publishBooking(booking(1, { event_id: 'e-1' }));
    expect(notificationId).toBe('n-e-1');
    expect(gateway.bookings[0]?.event_id).toBe('e-1');
    expect(api.requests[0]?.bookings[0]?.event_id).toBe('e-1');
  });

  it('is left when the gateway holds it and says nothing, and the bookings go over HTTP', async () => {
    client = make({ requestTimeoutMs: 100 });
    await client.connect();
    gateway.onBooking = () => undefined;
    const results = await client.publishBookings([booking(1), booking(2)]);
    expect(results.every(({ ok }) => ok)).toBe(true);
    expect(client.connected).toBe(false);
    const ids = (sent: { event_id: string }[]) => sent.map(({ event_id }) => event_id).sort();
    expect(ids(api.requests.flatMap(({ bookings }) => bookings))).toEqual(ids(gateway.bookings));
  });
});

describe('a socket that goes away', () => {
  it('leaves what it did not answer to HTTP, and is used again when it is back', async () => {
    await client.connect();
    gateway.onBooking = (_, __, socket) => socket.disconnect(true);
    const { notificationId } = await client.publishBooking(booking(1, { event_id: 'e-1' }));
    expect(notificationId).toBe('n-e-1');
    await away();
    gateway.onBooking = acceptOnSocket;
    timing.advance(1_500);
    await back();
    expect((await client.publishBooking(booking(2, { event_id: 'e-2' }))).notificationId).toBe('s-e-2');
    expect(gateway.tokens).toEqual([TOKEN, TOKEN]);
  });

  it('is not used any more once the gateway says that it drains, and comes back when it was told to', async () => {
    await client.connect();
    gateway.say('server_draining', { retryAfterMs: 4_000 });
    await away();
    expect((await client.publishBooking(booking(1, { event_id: 'e-1' }))).notificationId).toBe('n-e-1');
    gateway.hangUp();
    await eventually('it has a time to come back', () => timing.pending === 1);
    timing.advance(3_999);
    expect(timing.pending).toBe(1);
    timing.advance(1);
    await back();
  });

  it('stays away when the token is not taken any more, until it is asked for again', async () => {
    await client.connect();
    gateway.onConnect = (ack) => ack({ ok: false, error: { code: 'unauthenticated', message: 'no' } });
    gateway.dismiss();
    await eventually('it has a time to come back', () => timing.pending === 1);
    timing.advance(1_500);
    await eventually('it has asked', () => gateway.tokens.length === 2);
    await expect(eventually('it asks', () => client.connect().then(() => false))).rejects.toMatchObject({
      code: 'unauthenticated',
    });
  });
});

describe('connect', () => {
  it('fails when the gateway refuses the token; HTTP works all the same', async () => {
    gateway.onConnect = (ack) =>
      ack({ ok: false, error: { code: 'unauthenticated', message: `${TOKEN} is unknown` } });
    const error: unknown = await client.connect().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'unauthenticated', message: '[token] is unknown' });
    expect(inspect([error, client], { depth: 20, showHidden: true })).not.toContain(TOKEN);
    await client.publishBooking(booking());
    expect(api.requests).toHaveLength(1);
    gateway.onConnect = (ack) => ack({ ok: true });
    await client.connect();
    expect(client.connected).toBe(true);
  });

  it('asks again when the gateway could not tell', async () => {
    gateway.onConnect = (ack) => ack({ ok: false, error: { code: 'unavailable', message: 'not now' } });
    const connecting = client.connect();
    // The deadline and the time to come back.
    await eventually('it has a time to come back', () => timing.pending === 2);
    gateway.onConnect = (ack) => ack({ ok: true });
    timing.advance(1_500);
    await connecting;
    expect(gateway.tokens).toHaveLength(2);
  });

  it('asks again when the handshake was refused', async () => {
    gateway.refuseHandshakes(true);
    const connecting = client.connect();
    await eventually('it has a time to come back', () => timing.pending === 2);
    gateway.refuseHandshakes(false);
    timing.advance(1_500);
    await connecting;
  });

  it('fails at the deadline when there is no gateway; HTTP works meanwhile', async () => {
    client = make({ gatewayUrl: 'http://127.0.0.1:1' });
    const connecting = client.connect();
    connecting.catch(() => undefined);
    await client.publishBooking(booking());
    await eventually('it tries', () => timing.pending === 1);
    timing.advance(60_000);
    await expect(connecting).rejects.toMatchObject({ code: 'timeout' });
    expect(timing.pending).toBe(0);
  });

  it('ends when the client is closed', async () => {
    gateway.onConnect = () => undefined;
    const connecting = client.connect();
    connecting.catch(() => undefined);
    await eventually('it has asked', () => gateway.tokens.length === 1);
    await client.close();
    await expect(connecting).rejects.toMatchObject({ code: 'closed' });
    expect(timing.pending).toBe(0);
  });

  it('needs an address', async () => {
    await expect(make({ gatewayUrl: undefined }).connect()).rejects.toThrow(
      new TypeError('connect() needs the option gatewayUrl'),
    );
  });
});
