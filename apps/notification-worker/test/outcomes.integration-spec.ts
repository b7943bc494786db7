import { maskToken, Notifications, PUSH_DELAY_MS } from '@kindline/domain';
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { MessagePushOutbox } from '../src/outbox/message-push-outbox';
import type { PushSender } from '../src/push/push-sender';
import { Ledger } from '../src/sending/ledger';
import { SendNotifications } from '../src/sending/send-notifications';
import { TokenValidation } from '../src/tokens/token-validation';
import { PUSH_SENDER } from '../src/worker-tokens';
import { type Owner, PushWorld } from './push-world';

jest.setTimeout(60_000);

describe('what becomes of a push', () => {
  let world: PushWorld;

  beforeAll(async () => {
    world = await PushWorld.start();
  });
  afterAll(() => world.stop());

  /** A high-priority push to a volunteer whose token begins so, and what became of it. */
  async function askedWith(tokenPrefix: string) {
    const volunteer = await world.volunteer(tokenPrefix);
    await world.request(await world.owner('user'), volunteer);
    return { volunteer, delivery: await world.outcome(volunteer, 'chat_request') };
  }
  /** A push of normal priority likewise. */
  async function testedWith(tokenPrefix: string) {
    const volunteer = await world.volunteer(tokenPrefix);
    await world.notifyTest(volunteer);
    return { volunteer, delivery: await world.outcome(volunteer, 'test') };
  }
  /** From its cause to its last outcome. */
  async function tookMs(notificationId: string): Promise<number> {
    const { rows } = await world.sql.query<{ ms: string }>(
      `SELECT extract(epoch FROM d.updated_at - n.created_at) * 1000 AS ms
      FROM notification_deliveries d JOIN notifications n ON n.id = d.notification_id WHERE n.id = $1`,
      [notificationId],
    );
    return Number(rows[0]?.ms);
  }

  describe('to a token that FCM refuses', () => {
    it('is rejected when the token is not registered any more, and the token is retired', async () => {
      const { volunteer, delivery } = await askedWith('unregistered-');
      expect(delivery).toMatchObject({ status: 'rejected', reason: 'unregistered', attempts: 1 });
      expect(await world.hasToken(volunteer)).toBe(false);
    });

    it('leaves a token alone that belongs to somebody else by then', async () => {
      const [before, after] = [await world.volunteer('unregistered-'), await world.volunteer('')];
      const { rows } = await world.sql.query<{ id: string }>('SELECT id FROM push_tokens WHERE token = $1', [
        before.device,
      ]);
      const settlement = {
        deliveryId: randomUUID(),
        attempts: 1,
        tokenId: rows[0]?.id ?? '',
        personId: before.id,
        token: before.device,
        status: 'rejected' as const,
        reason: 'unregistered',
        tokenDead: true,
      };
      await world.register(after, before.device);
      const record = (): Promise<void> =>
        world.worker.app
          .get(DataSource)
          .transaction((manager) => world.worker.app.get(Ledger).record(manager, [settlement]));
      await record();
      expect(await world.hasToken(after, before.device)).toBe(true);
      await world.register(before, before.device);
      await record();
      expect(await world.hasToken(before)).toBe(false);
    });

    it('is rejected and not tried again when the argument is invalid, and the token is kept', async () => {
      const { volunteer, delivery } = await askedWith('invalid-');
      expect(delivery).toMatchObject({ status: 'rejected', attempts: 1 });
      expect(await world.hasToken(volunteer)).toBe(true);
    });

    it('still goes to the same person’s other devices', async () => {
      const volunteer = await world.volunteer('unregistered-');
      const other = { ...volunteer, device: `tablet-${volunteer.sub}` };
      await world.register(volunteer, other.device);
      await world.notifyTest(volunteer);
      const deliveries = await world.settled(volunteer, 'test');
      expect(deliveries.map(({ status }) => status).sort()).toEqual(['accepted', 'rejected']);
      expect(await world.pushes(other)).toHaveLength(1);
    });
  });

  describe('when FCM cannot take it just now', () => {
    it('is accepted after two refusals for quota, waiting each time as long as Retry-After says', async () => {
      const { volunteer, delivery } = await askedWith('quota-');
      expect(delivery).toMatchObject({ status: 'accepted', reason: null, attempts: 3 });
      expect(await tookMs(delivery.notification_id)).toBeGreaterThanOrEqual(2_000);
      expect(await world.pushes(volunteer)).toHaveLength(1);
    });

    it('does not wait for somebody else of the same call who is to wait longer', async () => {
      const [patient, soon] = [await world.volunteer('quota-'), await world.volunteer('unavailable-')];
      await world.request(await world.owner('user'), patient, soon);
      const later = await world.outcome(patient, 'chat_request');
      const sooner = await world.outcome(soon, 'chat_request');
      expect([later, sooner]).toMatchObject([{ status: 'accepted' }, { status: 'accepted' }]);
      expect(await tookMs(sooner.notification_id)).toBeLessThan(await tookMs(later.notification_id));
    });

    it('is accepted after two answers of unavailability, under the same notification_id', async () => {
      const { volunteer, delivery } = await askedWith('unavailable-');
      expect(delivery).toMatchObject({ status: 'accepted', attempts: 3 });
      const pushes = await world.pushes(volunteer);
      expect(pushes.map(({ data }) => data['notification_id'])).toEqual([delivery.notification_id]);
    });

    it('is tried again for those it did not reach, and not sent again to those it did', async () => {
      const volunteer = await world.volunteer('unavailable-');
      const other = { ...volunteer, device: `tablet-${volunteer.sub}` };
      await world.register(volunteer, other.device);
      await world.notifyTest(volunteer);
      const deliveries = await world.settled(volunteer, 'test');
      expect(deliveries.map(({ status, attempts }) => `${status} ${attempts}`).sort()).toEqual([
        'accepted 1',
        'accepted 3',
      ]);
      expect(await world.pushes(other)).toHaveLength(1);
      expect(await world.pushes(volunteer)).toHaveLength(1);
    });
  });

  describe('when the connection is lost after it left', () => {
    it('is unknown in the end, after a bounded number of tries, when it cannot wait', async () => {
      const { volunteer, delivery } = await askedWith('drop-');
      expect(delivery).toMatchObject({ status: 'unknown', attempts: 6 });
      expect(world.sandbox.tries(volunteer.device)).toBe(6);
      expect(await world.deliveries(volunteer)).toHaveLength(1);
      expect(await world.hasToken(volunteer)).toBe(true);
    });

    it('is unknown at once, and never sent again, when it is of normal priority', async () => {
      const { volunteer, delivery } = await testedWith('drop-');
      expect(delivery).toMatchObject({ status: 'unknown', attempts: 1 });
      await world.idle();
      expect(world.sandbox.tries(volunteer.device)).toBe(1);
    });

    it('leaves no job and no open notification behind', async () => {
      const { delivery } = await askedWith('drop-');
      await world.idle();
      const { rows } = await world.sql.query<{ settled: boolean }>(
        'SELECT settled_at IS NOT NULL AS settled FROM notifications WHERE id = $1',
        [delivery.notification_id],
      );
      expect(rows).toEqual([{ settled: true }]);
    });
  });

  describe('to somebody who is connected', () => {
    it('is skipped for a message, which they see', async () => {
      const chat = await world.chat();
      await world.connect(chat.volunteer);
      await world.write(chat, 'user');
      expect(await world.outcome(chat.volunteer, 'message')).toMatchObject({
        status: 'skipped',
        reason: 'connected',
        tokens: [],
        attempts: 0,
      });
      expect(await world.pushes(chat.volunteer, 'message')).toEqual([]);
    });

    it('goes out all the same for a request, its acceptance, the end and the thanks', async () => {
      const [user, volunteer] = [await world.owner('user'), await world.volunteer()];
      await world.connect(user);
      await world.connect(volunteer);
      await world.request(user, volunteer);
      expect(await world.outcome(volunteer, 'chat_request')).toMatchObject({ status: 'accepted' });
      const chatId = await world.accept(user, volunteer);
      expect(await world.outcome(user, 'chat_accepted')).toMatchObject({ status: 'accepted' });
      await world.end(chatId, user);
      for (const [person, kind] of [
        [user, 'chat_ended'],
        [volunteer, 'chat_ended'],
        [volunteer, 'thank_you'],
      ] as const) {
        expect(await world.outcome(person, kind)).toMatchObject({ status: 'accepted' });
      }
    });
  });

  it('is skipped with the reason no_token for somebody without a device', async () => {
    const { volunteer, delivery } = await askedWith('');
    expect(delivery).toMatchObject({ status: 'skipped', reason: 'no_token', tokens: [], attempts: 0 });
    expect(await world.pushes(volunteer)).toEqual([]);
  });

  it('does not follow a token to the account that it moved to', async () => {
    const [before, after] = [await world.volunteer(), await world.volunteer('')];
    const { id, tokenId } = await withoutWorker(before);
    await world.register(after, before.device);
    await world.sql.query(
      `INSERT INTO notification_deliveries (id, notification_id, push_token_id, token_hash, status, created_at, updated_at)
      VALUES ($1, $2, $3, 'hash', 'pending', now(), now())`,
      [randomUUID(), id, tokenId],
    );
    await world.worker.app.get(SendNotifications).run([id]);
    expect(await world.outcome(before, 'test')).toMatchObject({ status: 'skipped', reason: 'no_token' });
    expect(await world.pushes(before)).toEqual([]);
  });

  /** A notification that no job was written for. */
  async function withoutWorker(person: Owner): Promise<{ id: string; tokenId: string }> {
    const id = randomUUID();
    await world.sql.query(
      `INSERT INTO notifications (id, person_id, kind, category, title, body, channel_key, screen, priority, only_absent, created_at)
      VALUES ($1, $2, 'test', 'transactional', 't', 'b', 'misc_ch', 'home', 'normal', false, now())`,
      [id, person.id],
    );
    const { rows } = await world.sql.query<{ id: string }>(
      'SELECT id FROM push_tokens WHERE person_id = $1',
      [person.id],
    );
    return { id, tokenId: rows[0]?.id ?? '' };
  }

  describe('when its job runs again', () => {
    it('is not sent again after it was accepted', async () => {
      const { volunteer, delivery } = await askedWith('device-');
      const send = world.worker.app.get(SendNotifications);
      await send.run([delivery.notification_id]);
      await send.run([delivery.notification_id]);
      expect(await world.pushes(volunteer)).toHaveLength(1);
      expect(await world.deliveries(volunteer)).toEqual([delivery]);
    });

    it('is not sent to a device that was registered after it', async () => {
      const { volunteer, delivery } = await askedWith('device-');
      const later = { ...volunteer, device: `later-${volunteer.sub}` };
      await world.register(volunteer, later.device);
      await world.worker.app.get(SendNotifications).run([delivery.notification_id]);
      expect(await world.pushes(later)).toEqual([]);
    });

    it('is unknown, not sent twice, when the process died while a push of normal priority was on its way', async () => {
      const volunteer = await world.volunteer();
      const { id, tokenId } = await withoutWorker(volunteer);
      await world.sql.query(
        `INSERT INTO notification_deliveries
          (id, notification_id, push_token_id, token_hash, status, attempts, created_at, updated_at)
        VALUES ($1, $2, $3, 'hash', 'pending', 1, now(), now() - interval '31 s')`,
        [randomUUID(), id, tokenId],
      );
      await world.worker.app.get(SendNotifications).run([id]);
      expect(await world.outcome(volunteer, 'test')).toMatchObject({
        status: 'unknown',
        reason: 'interrupted',
      });
      expect(await world.pushes(volunteer)).toEqual([]);
    });

    it('is sent again when the process died while a push of high priority was on its way', async () => {
      const volunteer = await world.volunteer();
      const { id, tokenId } = await withoutWorker(volunteer);
      await world.sql.query(`UPDATE notifications SET priority = 'high' WHERE id = $1`, [id]);
      await opened(id, tokenId, null);
      await world.worker.app.get(SendNotifications).run([id]);
      expect(await world.outcome(volunteer, 'test')).toMatchObject({ status: 'accepted', attempts: 2 });
      expect(await world.pushes(volunteer)).toHaveLength(1);
    });

    it('counts a try before it leaves, so that one that nobody saw the end of is known, also after others', async () => {
      const volunteer = await world.volunteer();
      const { id, tokenId } = await withoutWorker(volunteer);
      await opened(id, tokenId, 'unavailable');
      const { app } = world.worker;
      const dying = jest.spyOn(app.get<PushSender>(PUSH_SENDER), 'send').mockRejectedValueOnce('died');
      await expect(app.get(SendNotifications).run([id])).rejects.toBe('died');
      dying.mockRestore();
      // Somebody may still be sending it: for as long it is in doubt.
      await app.get(SendNotifications).run([id]);
      expect((await world.deliveries(volunteer))[0]).toMatchObject({ status: 'pending', attempts: 2 });
      await world.sql.query(
        `UPDATE notification_deliveries SET updated_at = now() - interval '31 s' WHERE notification_id = $1`,
        [id],
      );
      // The look that was put off finds nothing left to decide.
      await world.sql.query('UPDATE push._private_jobs SET run_at = now()');
      await app.get(SendNotifications).run([id]);
      expect(await world.outcome(volunteer, 'test')).toMatchObject({
        status: 'unknown',
        reason: 'interrupted',
        attempts: 2,
      });
      expect(await world.pushes(volunteer)).toEqual([]);
    });

    /** An entry of the ledger that was tried once. */
    const opened = (id: string, tokenId: string, reason: string | null): Promise<unknown> =>
      world.sql.query(
        `INSERT INTO notification_deliveries
          (id, notification_id, push_token_id, token_hash, status, reason, attempts, created_at, updated_at)
        VALUES ($1, $2, $3, 'hash', 'pending', $4, 1, now(), now())`,
        [randomUUID(), id, tokenId, reason],
      );
  });

  it('leaves message pushes alone that another replica has in hand', async () => {
    const chat = await world.chat();
    await world.write(chat, 'user');
    const replica = await world.sql.connect();
    try {
      await replica.query('BEGIN');
      await replica.query('SELECT FROM conversation_members WHERE conversation_id = $1 FOR UPDATE', [
        chat.id,
      ]);
      await pause(PUSH_DELAY_MS);
      const drained = world.worker.app.get(MessagePushOutbox).drain();
      await pause(200);
      await replica.query('UPDATE conversation_members SET push_due_at = NULL WHERE conversation_id = $1', [
        chat.id,
      ]);
      await replica.query('COMMIT');
      await drained;
    } finally {
      replica.release();
    }
    expect(await world.deliveries(chat.volunteer, '&kind=message')).toEqual([]);
  });

  it('is seen in the delivery log, with the token masked and by kind and status', async () => {
    const { volunteer, delivery } = await askedWith('device-');
    expect(delivery).toEqual(
      expect.objectContaining({
        tokens: [maskToken(volunteer.device)],
        title: 'New request',
        body: 'Looks like someone wants to connect!',
        channelKey: 'vol_newreq_ch',
        screen: 'volunteer_dashboard',
        timeStamp: expect.stringMatching(/^\d{4}-.*Z$/),
        status: 'accepted',
        attempts: 1,
      }),
    );
    expect(JSON.stringify(delivery)).not.toContain(volunteer.device);
    expect(await world.deliveries(volunteer, '&kind=chat_request&status=accepted')).toEqual([delivery]);
    expect(await world.deliveries(volunteer, '&kind=message')).toEqual([]);
    expect(await world.deliveries(volunteer, '&status=rejected')).toEqual([]);
  });

  it('shows as pending in the delivery log before the worker has looked at it', async () => {
    const volunteer = await world.volunteer();
    await withoutWorker(volunteer);
    expect(await world.deliveries(volunteer)).toMatchObject([{ status: 'pending', tokens: [], attempts: 0 }]);
  });

  describe('the nightly look at tokens', () => {
    const validate = (): Promise<{ validated: number; retired: number }> =>
      world.worker.app.get(TokenValidation).run();

    it('retires dead ones by a dry run that no phone shows, and keeps the rest', async () => {
      await world.sql.query('DELETE FROM push_tokens');
      const [alive, dead, silent] = [
        await world.owner('user'),
        await world.owner('user', 'unregistered-'),
        await world.owner('user', 'drop-'),
      ];
      expect(await validate()).toMatchObject({ retired: 1 });
      expect(await world.hasToken(alive)).toBe(true);
      expect(await world.hasToken(dead)).toBe(false);
      expect(await world.hasToken(silent)).toBe(true);
      expect((await world.pushes(alive)).map(({ validate_only }) => validate_only)).toEqual([true]);
    });

    it('looks at each token once a night, so that an interrupted run goes on where it was', async () => {
      await world.sql.query('DELETE FROM push_tokens');
      const owner = await world.owner('user');
      await validate();
      await validate();
      expect(await world.pushes(owner)).toHaveLength(1);
    });

    it('runs as the job that cron writes', async () => {
      const dead = await world.owner('user', 'unregistered-');
      await world.sql.query(`SELECT push.add_job('tokens.validate', '{}'::json)`);
      await world.idle();
      expect(await world.hasToken(dead)).toBe(false);
    });
  });

  it('is sent once by two replicas of the worker, whether it comes from a job or from the outbox', async () => {
    await world.secondWorker();
    const owners: Owner[] = [];
    for (let n = 0; n < 60; n++) owners.push(await world.owner('volunteer'));
    const notifications = world.worker.app.get(Notifications);
    await Promise.all(
      owners.map(({ id }) =>
        world.worker.app
          .get(DataSource)
          .transaction((manager) => notifications.create(manager, world.program, 'test', [{ personId: id }])),
      ),
    );
    const chats = [await world.chat(), await world.chat(), await world.chat()];
    await Promise.all(chats.flatMap((chat) => [world.write(chat, 'user'), world.write(chat, 'volunteer')]));
    await world.idle();
    for (const owner of owners) expect(await world.pushes(owner)).toHaveLength(1);
    for (const { user, volunteer } of chats) {
      expect(await world.pushes(user, 'message')).toHaveLength(1);
      expect(await world.pushes(volunteer, 'message')).toHaveLength(1);
    }
  });
});

describe('a worker without FCM', () => {
  let world: PushWorld;

  beforeAll(async () => {
    world = await PushWorld.start({ configured: false });
  });
  afterAll(() => world.stop());

  it('records pushes as skipped, with the reason not_configured', async () => {
    const volunteer = await world.volunteer();
    await world.notifyTest(volunteer);
    expect(await world.outcome(volunteer, 'test')).toMatchObject({
      status: 'skipped',
      reason: 'not_configured',
      attempts: 0,
    });
  });

  it('leaves tokens alone at night', async () => {
    const owner = await world.owner('user', 'unregistered-');
    expect(await world.worker.app.get(TokenValidation).run()).toEqual({ validated: 0, retired: 0 });
    expect(await world.hasToken(owner)).toBe(true);
  });
});
