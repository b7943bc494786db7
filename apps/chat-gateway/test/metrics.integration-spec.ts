import { createTestDatabase, eventually, scrape } from '@kindline/testing';
import { ChatSocket } from './counseling-kit';
import { at, World } from './kit';

jest.setTimeout(60_000);

describe("a gateway's metrics", () => {
  let database: Awaited<ReturnType<typeof createTestDatabase>>;
  let world: World;

  beforeAll(async () => {
    database = await createTestDatabase();
    world = await World.start(database.url, {
      gateways: 1,
      more: {
        RATE_LIMIT_DISABLED: 'false',
        RATE_LIMIT_MESSAGES: '3/1h',
        RATE_LIMIT_AUTH_FAILURES: '60/1m',
      },
    });
  });
  afterAll(async () => {
    await world.stop();
    await database.drop();
  });

  const gateway = () => scrape(at(world.gateways, 0).port);
  const api = () => scrape(at(world.apis, 0).port);

  it('say which service it is, that it is well, and what its pools do', async () => {
    const seen = await gateway();
    expect([...seen.keys()]).toContainEqual(
      expect.stringMatching(/^kindline_build_info\{app="chat-gateway",version="\d+\.\d+\.\d+"\}$/),
    );
    for (const check of ['database', 'redis', 'transport'])
      expect([check, seen.get(`kindline_check_up{check="${check}"}`)]).toEqual([check, 1]);
    expect(seen.get('kindline_draining')).toBe(0);
    for (const pool of ['main', 'writer']) {
      expect(
        seen.get(`kindline_postgres_pool_connections{pool="${pool}",state="waiting"}`),
      ).toBeGreaterThanOrEqual(0);
    }
  });

  it('count sockets by namespace, also those that are nobody yet', async () => {
    const sockets = (name: string) =>
      gateway().then((seen) => seen.get(`kindline_sockets{socket_namespace="${name}"}`));
    expect([await sockets('default'), await sockets('counseling')]).toEqual([0, 0]);
    const counselor = await world.connect(await world.person('counselor'));
    const guest = await world.guest();
    const student = await world.person('student');
    const { body } = await world.api('POST', '/api/chat/request-session', student, {});
    const seat = await ChatSocket.connect(at(world.gateways, 0).port, body['chatToken']);
    expect([await sockets('default'), await sockets('counseling')]).toEqual([2, 1]);
    expect((await gateway()).get('kindline_connected_people')).toBe(1);
    seat.socket.disconnect();
    for (const socket of [counselor, guest]) socket.close();
    await eventually('all have left', async () => (await sockets('default')) === 0);
    expect(await sockets('counseling')).toBe(0);
  });

  it('count stored messages, retries aside, and how long their commits took', async () => {
    const { user, chatId } = await world.chat();
    const socket = await world.connect(user);
    const say = (clientId: string) => socket.send(chatId, 'hello', { client_id: clientId });
    const before = await gateway();
    expect(before.get('kindline_message_commit_seconds_count')).toBe(0);
    expect(await say('one')).toMatchObject({ ok: true });
    expect(await say('one')).toMatchObject({ ok: true, duplicate: true });
    expect(await say('two')).toMatchObject({ ok: true });
    const after = await gateway();
    expect(after.get('kindline_messages_stored_total{program="better_together"}')).toBe(2);
    expect(after.get('kindline_message_commit_seconds_count')).toBe(2);
    expect(after.get('kindline_message_batch_size_sum')).toBe(2);
    const took = after.get('kindline_message_commit_seconds_sum') ?? 0;
    expect(took).toBeGreaterThan(0);
    expect(took).toBeLessThan(10);
    expect(await say('three')).toMatchObject({ ok: false, error: { code: 'rate_limited' } });
    expect((await gateway()).get('kindline_rate_limited_total{limit="messages"}')).toBe(1);
  });

  it('show messages that the session API stores as its own', async () => {
    const customer = await world.person('user');
    const opened = await world.api('POST', '/api/chat/support', customer, { subject: 'A question' });
    const { id } = opened.body['channel'] as { id: string };
    await world.api('POST', `/api/chat/channels/${id}/messages`, customer, { content: 'hello' });
    const seen = await api();
    expect(seen.get('kindline_messages_stored_total{program="support"}')).toBe(1);
  });

  it('count what HTTP limits refuse', async () => {
    const metrics = await api();
    expect(metrics.get('kindline_rate_limited_total{limit="auth-failures"}') ?? 0).toBe(0);
    const base = `http://127.0.0.1:${at(world.apis, 0).port}/api/conversations`;
    const statuses = new Set<number>();
    for (let n = 0; n < 61; n++) {
      statuses.add((await fetch(base, { headers: { authorization: 'Bearer no.such.token' } })).status);
    }
    expect([...statuses]).toEqual([401, 429]);
    const after = await api();
    expect(after.get('kindline_rate_limited_total{limit="auth-failures"}')).toBe(1);
  });
});
