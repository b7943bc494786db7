import {
  type Build,
  buildServices,
  createTestDatabase,
  eventually,
  freePort,
  startServiceProcess,
  type TestDatabase,
} from '@kindline/testing';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { at, makePerson, SERVICE_TOKEN, TestSocket, World } from '../../../apps/chat-gateway/test/kit';
import {
  type BackendClient,
  type BackendClientOptions,
  type BookingResult,
  createBackendClient,
} from '../src';
import { booking } from './fake-api';
import { installPacked, type Outsider } from './packed';

jest.setTimeout(120_000);

let database: TestDatabase;
let world: World;
const clients: BackendClient[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  world = await World.start(database.url, { apis: 1, gateways: 2 });
});
afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await world.stop();
  await database.drop();
});

const addressOf = ({ port }: { port: number }) => `http://127.0.0.1:${port}`;

function make(more: Partial<BackendClientOptions> = {}): BackendClient {
  const client = createBackendClient({ url: addressOf(at(world.apis, 0)), token: SERVICE_TOKEN, ...more });
  clients.push(client);
  return client;
}

/** Ids of what is stored for a facilitator. */
async function storedFor(facilitator: string): Promise<string[]> {
  const { rows } = await world.sql.query<{ id: string }>(
    'SELECT id FROM booking_notifications WHERE facilitator_id = $1 ORDER BY id',
    [facilitator],
  );
  return rows.map(({ id }) => id);
}

/** Every booking was taken, and each is stored exactly once. */
async function expectOnce(facilitator: string, results: readonly BookingResult[]): Promise<void> {
  expect(results.filter(({ ok }) => !ok)).toEqual([]);
  const ids = results.flatMap((result) => (result.ok ? [result.notificationId] : []));
  expect(await storedFor(facilitator)).toEqual([...ids].sort());
}

describe('over HTTP', () => {
  it('stores a batch once, whatever of its answers is lost', async () => {
    let lost = 0;
    const client = make({
      // Sent and answered; but the answers to the first two requests never arrive.
      fetch: async (...request) => {
        const response = await fetch(...request);
        if (lost === 2) return response;
        lost++;
        await response.text();
        throw new TypeError('fetch failed');
      },
    });
    const bookings = Array.from({ length: 700 }, (_, n) => booking(n, { facilitator_id: 'lossy' }));
    await expectOnce('lossy', await client.publishBookings(bookings));
    expect(lost).toBe(2);
  });

  it('tells each booking of a batch what became of it', async () => {
    const client = make();
    const wrong = {
      ...booking(2, { facilitator_id: 'mixed' }),
      user: { id: 1, name: 'Jane', email: 'nowhere' },
    };
    const [first, second, third, again, other] = await client.publishBookings([
      booking(1, { facilitator_id: 'mixed', event_id: 'mixed-1' }),
      wrong,
      booking(3, { facilitator_id: 'mixed' }),
      booking(1, { facilitator_id: 'mixed', event_id: 'mixed-1' }),
      booking(9, { facilitator_id: 'mixed', event_id: 'mixed-1' }),
    ]);
    expect(first).toMatchObject({ ok: true, status: 'stored', eventId: 'mixed-1' });
    expect(second).toMatchObject({
      ok: false,
      error: { code: 'validation_failed', errors: [{ path: 'user.email' }], maybeStored: false },
    });
    expect(third).toMatchObject({ ok: true });
    expect(again).toEqual(first);
    expect(other).toMatchObject({ ok: false, error: { code: 'conflict' } });
    expect(await storedFor('mixed')).toHaveLength(2);
  });

  it('is refused with another token', async () => {
    await expect(make({ token: 'another' }).publishBooking(booking())).rejects.toMatchObject({
      code: 'unauthenticated',
      status: 401,
      maybeStored: false,
    });
  });
});

describe('over sockets', () => {
  it('is the same event as over HTTP, and reaches a facilitator who is there', async () => {
    const facilitator = await makePerson('facilitator');
    const socket = await TestSocket.connect(at(world.gateways, 1).port, facilitator);
    await socket.ask('facilitator_connect', { facilitator_id: facilitator.sub, token: facilitator.token });
    const event = booking(1, { facilitator_id: facilitator.sub, event_id: 'both-ways' });
    const client = make({ gatewayUrl: addressOf(at(world.gateways, 0)) });
    const overHttp = await client.publishBooking(event);
    await client.connect();
    const overSocket = await client.publishBooking(event);
    expect(overSocket).toEqual(overHttp);
    expect(overSocket.status).toBe('delivered');
    const shown = socket.seen.filter((one) => one.event === 'new_booking_notification');
    expect(shown).toHaveLength(1);
    socket.close();
  });

  it('goes on over HTTP when the gateway goes down in between, and stores each booking once', async () => {
    const gateway = at(world.gateways, 0);
    const client = make({ gatewayUrl: addressOf(gateway) });
    await client.connect();
    const publishing: Promise<BookingResult[]>[] = [];
    let answered = 0;
    let stopping: Promise<unknown> | undefined;
    for (let n = 0; n < 600; n++) {
      const one = client.publishBookings([booking(n, { facilitator_id: 'moved' })]);
      publishing.push(one);
      void one.then(() => answered++);
      await pause(1);
      if (answered >= 200) stopping ??= gateway.stop();
    }
    await expectOnce('moved', (await Promise.all(publishing)).flat());
    expect(stopping).toBeDefined();
    expect(client.connected).toBe(false);
    await stopping;
  });
});

describe('kill -9 of the session API', () => {
  let compiled: Build;
  beforeAll(() => (compiled = buildServices()));
  afterAll(() => compiled.remove());

  it('loses none of 1,000 bookings in flight and stores none twice, once another one has taken its place', async () => {
    const port = await freePort();
    const start = () =>
      startServiceProcess(compiled, 'session-api', { ...world.env, SESSION_API_PORT: String(port) });
    const victim = await start();
    let failed = 0;
    const client = make({
      url: addressOf({ port }),
      fetch: (...request) =>
        fetch(...request).catch((error: unknown) => {
          failed++;
          throw error;
        }),
    });
    const publishing: Promise<BookingResult[]>[] = [];
    const publish = (n: number) => {
      const one = client.publishBookings([booking(n, { facilitator_id: 'survivor' })]);
      publishing.push(one);
      return one;
    };
    // With the first answer, while the requests of others are open and the rest gathers behind them.
    let killed: Promise<void> | undefined;
    for (let n = 0; n < 500; n++) {
      void publish(n).then(() => (killed ??= victim.kill()));
      if (n % 10 === 9) await pause(1);
    }
    await eventually('it is killed', () => killed !== undefined);
    await killed;
    // These find nobody.
    for (let n = 500; n < 1_000; n++) void publish(n);
    const successor = await start();
    world.stopLater(successor);
    await expectOnce('survivor', (await Promise.all(publishing)).flat());
    expect(failed).toBeGreaterThan(0);
  });
});

describe('the ten lines of the README', () => {
  let outsider: Outsider;
  beforeAll(async () => {
    outsider = await installPacked();
  });
  afterAll(() => outsider.remove());

  it('publish a booking from a project that has only the packed client', async () => {
    const [, lines = ''] =
      /```js\n([^]*?)```/.exec(readFileSync(join(__dirname, '..', 'README.md'), 'utf8')) ?? [];
    expect(lines.trim().split('\n')).toHaveLength(10);
    outsider.write('publish.mjs', lines);
    const env = { KINDLINE_URL: addressOf(at(world.apis, 0)), KINDLINE_TOKEN: SERVICE_TOKEN };
    const printed = await outsider.run(['publish.mjs'], env);
    const [id] = await storedFor('2');
    expect(id).toBeDefined();
    expect(printed).toContain(`notificationId: '${id}'`);
    expect(printed).toContain("status: 'stored'");
  });
});
