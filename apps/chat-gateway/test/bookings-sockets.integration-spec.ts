import type { Ack } from '@kindline/contracts';
import { FacilitatorSessions } from '@kindline/domain';
import { createTestDatabase, signToken, type TestDatabase } from '@kindline/testing';
import { Redis } from 'ioredis';
import { Facilitators } from '../src/bookings/facilitators';
import { SessionKeeper } from '../src/bookings/session-keeper';
import { GATEWAY_ID } from '../src/gateway-env';
import { Absence } from '../src/sockets/absence';
import { Connections } from '../src/sockets/connections';
import {
  backendOn,
  booking,
  facilitatorOn,
  facilitatorPerson,
  type FacilitatorPerson,
  offline,
  publish,
  shown,
} from './booking-kit';
import { at, eventually, SERVICE_TOKEN, type TestSocket, World } from './kit';

interface Session {
  gateway_id: string;
  socket_id: string;
  connected_at: Date;
  last_seen_at: Date;
  ended_at: Date | null;
}

describe('a socket of bookings', () => {
  let database: TestDatabase;
  let world: World;
  let backend: TestSocket;
  let person: FacilitatorPerson;
  let redis: Redis;

  beforeAll(async () => {
    database = await createTestDatabase();
    world = await World.start(database.url, { apis: 0 });
    backend = await backendOn(world);
    redis = new Redis(world.env.REDIS_URL);
  });
  beforeEach(async () => {
    person = await facilitatorPerson();
  });
  afterAll(async () => {
    redis.disconnect();
    await world.stop();
    await database.drop();
  });

  const book = (booking_id: string | number) =>
    publish(backend, booking({ booking_id, facilitator_id: person.id }));
  const connect = (socket: TestSocket, more: object = {}): Promise<Ack> =>
    socket.ask<Ack>('facilitator_connect', { facilitator_id: person.id, ...more });
  const gone = (socket: TestSocket): Promise<unknown> =>
    eventually(`${socket.person.sub} is disconnected`, () => socket.socket.disconnected, 15_000);

  async function sessions(): Promise<Session[]> {
    const { rows } = await world.sql.query<Session>(
      'SELECT * FROM facilitator_sessions WHERE facilitator_id = $1 ORDER BY id',
      [person.sub],
    );
    return rows;
  }
  const session = async (): Promise<Session> => at(await sessions(), -1);
  const gateway = (index: number) => at(world.gateways, index).app;
  const idOf = (index: number): string => gateway(index).get<string>(GATEWAY_ID);

  describe('that shows who it is', () => {
    it('in its handshake need not show its token again', async () => {
      const socket = await world.connect(person, 1);
      expect(await connect(socket)).toEqual({ ok: true, facilitator_id: person.id });
      expect(await book(1)).toMatchObject({ status: 'delivered' });
      await socket.next('new_booking_notification');
    });

    it('in its handshake is shown no bookings before it says that it is there', async () => {
      const socket = await world.connect(person, 1);
      expect(await book(1)).toMatchObject({ status: 'stored' });
      const asked = { facilitator_id: person.id };
      expect(await socket.ask('get_pending_notifications', asked)).toMatchObject({ ok: true, count: 1 });
      expect(shown(socket)).toEqual([]);
    });

    it('twice is one session, and gets everything once', async () => {
      const socket = await facilitatorOn(world, person, 1);
      for (const facilitator_id of [person.id, person.sub]) {
        const again = { facilitator_id, token: person.token };
        expect(await connect(socket, again)).toEqual({ ok: true, facilitator_id });
      }
      await book(1);
      await book(2);
      await socket.next('new_booking_notification', ({ booking_id }) => booking_id === 2);
      expect(shown(socket)).toHaveLength(2);
      expect(await sessions()).toHaveLength(1);
    });

    it('twice at the same moment is one session', async () => {
      const socket = await world.guest();
      const { token } = person;
      const answers = await Promise.all([1, 2, 3].map(() => connect(socket, { token })));
      expect(answers.every(({ ok }) => ok)).toBe(true);
      await book(1);
      await book(2);
      await socket.next('new_booking_notification', ({ booking_id }) => booking_id === 2);
      expect(shown(socket)).toHaveLength(2);
      expect(await sessions()).toHaveLength(1);
    });

    it("stays that person's: it cannot become another facilitator's", async () => {
      const socket = await facilitatorOn(world, person);
      const other = await facilitatorPerson();
      const asked = { facilitator_id: other.id, token: other.token };
      socket.socket.emit('facilitator_connect', asked);
      expect(await socket.next('auth_error')).toMatchObject({ code: 'forbidden' });
      const { notification_id } = await publish(backend, booking({ facilitator_id: other.id }));
      await book(1);
      await socket.next('new_booking_notification');
      expect(shown(socket).map(({ notification_id: id }) => id)).not.toContain(notification_id);
    });

    it('need not wait for the answer before it goes on', async () => {
      const [service, socket] = [await world.guest(), await world.guest()];
      service.socket.emit('backend_connect', { token: SERVICE_TOKEN });
      service.socket.emit('booking_notification', booking({ facilitator_id: person.id }));
      expect(await service.next('notification_stored')).toMatchObject({ facilitator_id: person.id });
      socket.socket.emit('facilitator_connect', { facilitator_id: person.id, token: person.token });
      socket.socket.emit('get_pending_notifications', { facilitator_id: person.id });
      expect(await socket.next('pending_notifications')).toMatchObject({ count: 1 });
      expect(socket.all('error')).toEqual([]);
    });

    it('may be a backend and a facilitator at once', async () => {
      const socket = await facilitatorOn(world, person);
      expect(await socket.ask<Ack>('backend_connect', { token: SERVICE_TOKEN })).toEqual({ ok: true });
      await publish(socket, booking({ facilitator_id: person.id }));
      await socket.next('new_booking_notification');
    });

    it('may stay; one that has not, or has shown a bad token, is dropped after 10 seconds', async () => {
      const [silent, wrong, late] = [await world.guest(), await world.guest(), await world.guest()];
      const began = performance.now();
      const stay = [await backendOn(world), await facilitatorOn(world, person)];
      wrong.socket.emit('backend_connect', { token: 'wrong' });
      await wrong.next('auth_error');
      await connect(wrong, { token: 'wrong' });
      // A first failure does not stand in the way.
      await connect(late, { token: 'wrong' });
      expect(await connect(late, { token: person.token })).toMatchObject({ ok: true });
      await Promise.all([gone(silent), gone(wrong)]);
      expect(Math.round((performance.now() - began) / 1_000)).toBe(10);
      await publish(at(stay, 0), booking({ facilitator_id: person.id }));
      for (const socket of [at(stay, 1), late]) await socket.next('new_booking_notification');
    });

    it('and leaves at once leaves nothing behind', async () => {
      for (let n = 0; n < 20; n++) {
        for (const socket of [await world.guest(), await world.connect(person)]) {
          socket.socket.emit('facilitator_connect', { facilitator_id: person.id, token: person.token });
          socket.socket.emit('facilitator_connect', { facilitator_id: person.id });
          socket.close();
        }
        const service = await world.guest(1);
        service.socket.emit('backend_connect', { token: SERVICE_TOKEN });
        service.close();
      }
      await eventually('nobody is connected', () => gateway(1).get(Connections).hasBackends === false);
      await eventually('nobody is known', () => !gateway(0).get(Facilitators).ids().includes(person.sub));
      await offline(world, person);
      // Nor do those come to life again that were given up.
      await gateway(0).get(SessionKeeper).beat();
      await offline(world, person);
    });
  });

  it('that leaves while it is let in leaves nothing behind', async () => {
    const holder = await world.sql.connect();
    const socket = await world.guest();
    try {
      await holder.query('BEGIN');
      await holder.query('LOCK TABLE facilitator_sessions IN EXCLUSIVE MODE');
      socket.socket.emit('facilitator_connect', { facilitator_id: person.id, token: person.token });
      await eventually('its session waits to be written', async () => {
        const { rows } = await world.sql.query(
          `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'INSERT INTO facilitator_sessions%'
            AND datname = current_database()`,
        );
        return rows.length === 1;
      });
      const { personCount } = gateway(0).get(Connections);
      socket.close();
      await eventually('it has left', () => gateway(0).get(Connections).personCount < personCount);
    } finally {
      await holder.query('ROLLBACK');
      holder.release();
    }
    await eventually('its session has ended', async () => (await sessions())[0]?.ended_at);
    expect(gateway(0).get(Facilitators).ids()).not.toContain(person.sub);
  });

  describe('whose token expires', () => {
    const shortToken = (expiresIn: string): Promise<string> =>
      signToken({ sub: person.sub, roles: ['facilitator'] }, { secret: world.env.JWT_SECRET, expiresIn });

    it('is told so and dropped, and its session ends', async () => {
      const socket = await world.guest();
      expect(await connect(socket, { token: await shortToken('2s') })).toMatchObject({ ok: true });
      expect(await socket.next('error')).toEqual({ error: expect.any(String), code: 'unauthenticated' });
      await gone(socket);
      await offline(world, person);
      expect(await book(1)).toMatchObject({ status: 'stored' });
    });

    it('stays when it has shown a newer one', async () => {
      const [socket, old] = [await world.guest(), await world.guest()];
      const token = await shortToken('2s');
      for (const one of [socket, old]) expect(await connect(one, { token })).toMatchObject({ ok: true });
      await connect(socket, { token: person.token });
      await gone(old);
      expect(await book(1)).toMatchObject({ status: 'delivered' });
      await socket.next('new_booking_notification');
    });
  });

  describe("'s session", () => {
    it('says when and where it was connected, when it was last seen, and when it ended', async () => {
      const before = new Date();
      const socket = await facilitatorOn(world, person, 1);
      const opened = await session();
      expect(opened).toMatchObject({ gateway_id: idOf(1), socket_id: socket.socket.id, ended_at: null });
      expect(opened.connected_at.getTime()).toBeGreaterThanOrEqual(before.getTime());
      expect(opened.last_seen_at).toEqual(opened.connected_at);
      await gateway(1).get(SessionKeeper).beat();
      const seen = await session();
      expect(seen.last_seen_at.getTime()).toBeGreaterThan(opened.last_seen_at.getTime());
      expect(seen.ended_at).toBeNull();
      socket.close();
      await offline(world, person);
      const ended = await session();
      expect(ended.ended_at?.getTime()).toBeGreaterThanOrEqual(seen.last_seen_at.getTime());
      expect(ended.last_seen_at).toEqual(ended.ended_at);
      await gateway(1).get(SessionKeeper).beat();
      expect(await session()).toEqual(ended);
    });

    it('is opened again at the next beat of its gateway that was taken for dead', async () => {
      const socket = await facilitatorOn(world, person, 1);
      await eventually('the other gateway has ended it', async () => {
        // The lease is renewed every few seconds: it lapses right before the other one looks.
        await redis.zadd('presence:gateways', Date.now() - 1, idOf(1));
        await gateway(0).get(Absence).sweep();
        return (await session()).ended_at !== null;
      });
      await gateway(1).get(SessionKeeper).beat();
      expect(await session()).toMatchObject({ ended_at: null, socket_id: socket.socket.id });
      expect(await sessions()).toHaveLength(1);
      expect(await book(1)).toMatchObject({ status: 'delivered' });
      await socket.next('new_booking_notification');
    });

    it('that nobody has seen for two minutes is ended as of when it was last seen', async () => {
      const socket = await facilitatorOn(world, person, 1);
      const other = person;
      person = await facilitatorPerson();
      const lost = await gateway(0).get(FacilitatorSessions).open(person.sub, 'a gateway of yesterday', 'x');
      await world.sql.query(
        `UPDATE facilitator_sessions SET last_seen_at = now() - interval '121 s' WHERE id = $1`,
        [lost],
      );
      await gateway(0).get(SessionKeeper).beat();
      const ended = await session();
      expect(ended.ended_at).toEqual(ended.last_seen_at);
      expect(await book(1)).toMatchObject({ status: 'stored' });
      person = other;
      expect(await book(2)).toMatchObject({ status: 'delivered' });
      await socket.next('new_booking_notification');
    });
  });
});
