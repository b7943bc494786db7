import { type ClientProxy, ClientProxyFactory, Transport } from '@nestjs/microservices';
import { BookingInbox, FacilitatorSessions } from '@kindline/domain';
import { Redis } from 'ioredis';
import { randomUUID } from 'node:crypto';
import { lastValueFrom } from 'rxjs';
import { eventually } from '@kindline/testing';
import { BookingPushOutbox } from '../src/outbox/booking-push-outbox';
import { bookingFor, type Owner, PushWorld, SECRET_WORDS } from './push-world';

jest.setTimeout(60_000);

describe('bookings', () => {
  let world: PushWorld;
  beforeAll(async () => {
    world = await PushWorld.start();
    await world.secondWorker();
  });
  afterAll(() => world.stop());

  const dueOf = async (id: string): Promise<Date | null | undefined> => {
    const { rows } = await world.sql.query<{ push_due_at: Date | null }>(
      'SELECT push_due_at FROM booking_notifications WHERE id = $1',
      [id],
    );
    return rows[0]?.push_due_at;
  };
  const dueNow = (ids: string[]) =>
    world.sql.query('UPDATE booking_notifications SET push_due_at = now() WHERE id = ANY ($1)', [ids]);
  const drain = () => world.worker.app.get(BookingPushOutbox).drain();

  describe('pushed to their facilitators', () => {
    it('are told to one who is not connected, by one push that says nothing of who booked what', async () => {
      const facilitator = await world.owner('facilitator');
      await world.book(facilitator.sub);
      const delivery = await world.outcome(facilitator, 'booking');
      expect(delivery).toMatchObject({
        status: 'accepted',
        title: 'New booking',
        body: 'You have a new booking',
      });
      const [push, ...others] = await world.pushes(facilitator, 'booking');
      expect(others).toEqual([]);
      expect(push?.data).toEqual({
        kind: 'booking',
        screen: 'bookings',
        channelKey: 'misc_ch',
        notification_id: delivery.notification_id,
      });
      expect(push?.android).toMatchObject({ priority: 'high', notification: { channelId: 'misc_ch' } });
      const everything = await world.everything();
      for (const word of [SECRET_WORDS, 'Jane', 'jane@example.com', '2024'])
        expect(everything).not.toContain(word);
    });

    it('fold into one push when several come within a moment', async () => {
      const facilitator = await world.owner('facilitator');
      const ids = await Promise.all(Array.from({ length: 20 }, () => world.book(facilitator.sub)));
      await world.idle();
      expect(await world.pushes(facilitator, 'booking')).toHaveLength(1);
      expect(await Promise.all(ids.map(dueOf))).toEqual(ids.map(() => null));
    });

    it('fold into one push when only the first of them is due', async () => {
      const facilitator = await world.owner('facilitator');
      const ids = [await world.book(facilitator.sub), await world.book(facilitator.sub, { booking_id: 2 })];
      await dueNow(ids.slice(0, 1));
      await drain();
      await world.idle();
      expect(await world.pushes(facilitator, 'booking')).toHaveLength(1);
      expect(await Promise.all(ids.map(dueOf))).toEqual([null, null]);
    });

    it('are not pushed once they were received', async () => {
      const facilitator = await world.owner('facilitator');
      const id = await world.book(facilitator.sub);
      const now = new Date();
      await world.worker.app.get(BookingInbox).settle([{ id, emittedAt: now, receivedAt: now }]);
      await world.idle();
      expect(await world.deliveries(facilitator)).toEqual([]);
    });

    it('are not pushed once they were read', async () => {
      const facilitator = await world.owner('facilitator');
      const id = await world.book(facilitator.sub);
      await world.worker.app.get(BookingInbox).markRead(facilitator.sub, id);
      await world.idle();
      expect(await world.deliveries(facilitator)).toEqual([]);
    });

    it('wait while their facilitator is connected, and are pushed when they left without confirming', async () => {
      const facilitator = await world.owner('facilitator');
      const sessions = world.worker.app.get(FacilitatorSessions);
      const session = await sessions.open(facilitator.sub, 'gateway', 'socket');
      const id = await world.book(facilitator.sub);
      const emittedAt = new Date();
      // Emitted, but not confirmed.
      await world.worker.app.get(BookingInbox).settle([{ id, emittedAt, receivedAt: null }]);
      await dueNow([id]);
      await eventually('it is put off', async () => {
        const due = await dueOf(id);
        return due && due.getTime() > Date.now() + 5_000;
      });
      expect(await world.deliveries(facilitator)).toEqual([]);
      await sessions.end([session], new Date());
      await dueNow([id]);
      expect(await world.outcome(facilitator, 'booking')).toMatchObject({ status: 'accepted' });
    });

    it('are pushed to one whose gateway died while no other was there to end their session', async () => {
      const facilitator = await world.owner('facilitator');
      const session = await world.worker.app.get(FacilitatorSessions).open(facilitator.sub, 'dead', 'socket');
      await world.sql.query(
        `UPDATE facilitator_sessions SET last_seen_at = now() - interval '3 minutes' WHERE id = $1`,
        [session],
      );
      const from = Date.now();
      await world.book(facilitator.sub);
      // Nobody is waited for who cannot be there.
      expect(Date.now() - from).toBeLessThan(1_500);
      expect(await world.outcome(facilitator, 'booking')).toMatchObject({ status: 'accepted' });
    });

    it('of a facilitator whom nobody has seen yet wait without a push', async () => {
      const id = await world.book(`unseen-${randomUUID()}`);
      await world.idle();
      expect(await dueOf(id)).toBeNull();
    });

    it('are recorded as skipped where there is no device', async () => {
      const facilitator = await world.owner('facilitator', '');
      await world.book(facilitator.sub);
      expect(await world.outcome(facilitator, 'booking')).toMatchObject({
        status: 'skipped',
        reason: 'no_token',
      });
    });
  });

  describe('published over the Redis transport', () => {
    let client: ClientProxy;
    beforeAll(() => {
      const { hostname: host, port } = new URL(world.redisUrl);
      client = ClientProxyFactory.create({
        transport: Transport.REDIS,
        options: { host, port: Number(port) },
      });
    });
    afterAll(() => client.close());

    const send = (event: object): Promise<Record<string, unknown>> =>
      lastValueFrom(client.send<Record<string, unknown>>('booking.created', event));
    const count = async (facilitator: Owner | string): Promise<number> => {
      const sub = typeof facilitator === 'string' ? facilitator : facilitator.sub;
      const { rows } = await world.sql.query<{ n: number }>(
        'SELECT count(*)::int AS n FROM booking_notifications WHERE facilitator_id = $1',
        [sub],
      );
      return rows[0]?.n ?? 0;
    };

    it('are stored once, whichever of two replicas answers, and answered with their id', async () => {
      const facilitator = `transport-${randomUUID()}`;
      const event = { ...bookingFor(facilitator), booking_id: 123, event_id: randomUUID() };
      const reply = await send(event);
      expect(reply).toEqual({
        notification_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        booking_id: 123,
        facilitator_id: facilitator,
        status: 'stored',
      });
      expect(await send(event)).toEqual(reply);
      expect(await count(facilitator)).toBe(1);
    });

    it('are the same event as over HTTP', async () => {
      const facilitator = `both-${randomUUID()}`;
      const event = { ...bookingFor(facilitator), event_id: randomUUID() };
      const { notification_id } = await send(event);
      expect(await world.book(facilitator, event)).toBe(notification_id);
    });

    it('are all answered when hundreds come at once', async () => {
      const facilitator = `many-${randomUUID()}`;
      const replies = await Promise.all(
        Array.from({ length: 300 }, () => send({ ...bookingFor(facilitator), event_id: randomUUID() })),
      );
      expect(new Set(replies.map(({ notification_id }) => notification_id)).size).toBe(300);
      expect(await count(facilitator)).toBe(300);
    });

    it('are refused with what is wrong with them, and change nothing', async () => {
      const facilitator = `wrong-${randomUUID()}`;
      const { user: _user, ...rest } = bookingFor(facilitator);
      await expect(send(rest)).rejects.toMatchObject({
        code: 'validation_failed',
        errors: expect.arrayContaining([expect.objectContaining({ path: 'user' })]),
      });
      const event_id = randomUUID();
      await send({ ...bookingFor(facilitator), event_id });
      await expect(send({ ...bookingFor(facilitator), event_id })).rejects.toMatchObject({
        code: 'conflict',
      });
      expect(await count(facilitator)).toBe(1);
    });

    it('are stored without an answer when they come as an event', async () => {
      const facilitator = await world.owner('facilitator');
      const replies: string[] = [];
      const listener = new Redis(world.redisUrl);
      await listener.subscribe('booking.created.reply');
      listener.on('message', (_channel, message) => replies.push(message));
      await lastValueFrom(client.emit('booking.created', bookingFor(facilitator.sub)), {
        defaultValue: undefined,
      });
      await world.settled(facilitator, 'booking');
      expect(await count(facilitator)).toBe(1);
      expect(replies).toEqual([]);
      listener.disconnect();
    });
  });
});
