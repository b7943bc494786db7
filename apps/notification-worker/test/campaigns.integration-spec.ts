import { eventually } from '@kindline/testing';
import { randomUUID } from 'node:crypto';
import { Announcing } from './announcing';
import type { Owner } from './push-world';

describe('announcements', () => {
  let desk: Announcing;
  beforeAll(async () => {
    desk = await Announcing.start();
  });
  afterAll(() => desk.world.stop());

  const owner = (prefix?: string): Promise<Owner> => desk.world.owner('user', prefix);
  const daysAgo = (days: number): string => new Date(Date.now() - days * 86_400_000).toISOString();
  const registered = (person: Owner, days: number): Promise<unknown> =>
    desk.world.sql.query('UPDATE people SET registered_at = $2 WHERE id = $1', [person.id, daysAgo(days)]);

  it('tells Charlie of a new feature, who registered in the last 30 days, and nobody who came before', async () => {
    const [charlie, veteran] = [await owner(), await owner()];
    await registered(charlie, 5);
    await registered(veteran, 60);
    const { id, status, audience } = await desk.announce({
      category: 'product',
      target: { registeredAfter: daysAgo(30), subs: [charlie.sub, veteran.sub] },
      data: { link: 'kindline://new' },
    });
    expect({ status, audience }).toEqual({ status: 'sending', audience: 1 });
    const { counts } = await desk.finished(id);
    expect(counts).toEqual({
      audience: 1,
      excluded_by_preference: 0,
      accepted: 1,
      rejected: 0,
      unknown: 0,
      skipped: 0,
      pending: 0,
    });
    const [push, ...others] = await desk.world.pushes(charlie);
    expect(others).toEqual([]);
    expect(push).toMatchObject({
      notification: { title: 'Something new', body: 'Have a look' },
      data: {
        kind: 'announcement',
        screen: 'home',
        channelKey: 'application_channel',
        campaign_id: id,
        link: 'kindline://new',
      },
      android: { priority: 'normal', notification: { channelId: 'application_channel' } },
    });
    expect(await desk.world.pushes(veteran)).toEqual([]);
    expect((await desk.why(id, veteran)).reason).toBe('not_in_audience');
    const inbox = await desk.world.call<{ notifications: { id: string }[] }>(
      charlie,
      'GET',
      '/api/notifications/inbox',
    );
    expect(inbox.notifications.map((entry) => entry.id)).toEqual([push?.data['notification_id']]);
  });

  it('leaves Dana alone, who wants no promotions, but not with what is not one', async () => {
    const [dana, other] = [await owner(), await owner()];
    await desk.prefer(dana, { categories: { promotional: false } });
    const promotion = await desk.announce({ target: desk.to(dana, other) });
    const { counts } = await desk.finished(promotion.id);
    expect(counts).toMatchObject({ audience: 2, excluded_by_preference: 1, accepted: 1, skipped: 0 });
    expect(await desk.world.pushes(dana)).toEqual([]);
    expect(await desk.world.call(dana, 'GET', '/api/notifications/inbox')).toMatchObject({
      notifications: [],
      unread: 0,
    });
    const product = await desk.announce({ category: 'product', target: desk.to(dana) });
    await desk.finished(product.id);
    expect(await desk.world.pushes(dana)).toHaveLength(1);
  });

  it('takes what is named together: date and roles and people and programs', async () => {
    const [young, old] = [await owner(), await owner()];
    const volunteer = await desk.world.volunteer();
    await registered(old, 60);
    const subs = [young.sub, old.sub, volunteer.sub];
    const audience = async (target: object): Promise<number> =>
      (
        await desk.world.call<{ audience: number }>(desk.admin, 'POST', '/api/notifications/audience', {
          target: { subs, ...target },
        })
      ).audience;
    expect(await audience({})).toBe(3);
    expect(await audience({ roles: ['user'] })).toBe(2);
    expect(await audience({ roles: ['user', 'volunteer'] })).toBe(3);
    expect(await audience({ roles: ['user'], registeredAfter: daysAgo(30) })).toBe(1);
    expect(await audience({ roles: ['user'], registeredBefore: daysAgo(30) })).toBe(1);
    expect(await audience({ registeredAfter: daysAgo(90), registeredBefore: daysAgo(30) })).toBe(1);
    // Who answers in a program belongs to it; who asks, once they have asked.
    expect(await audience({ programs: ['better_together'] })).toBe(1);
    await desk.world.request(young, volunteer);
    expect(await audience({ programs: ['better_together'] })).toBe(2);
    expect(await audience({ programs: ['counseling'] })).toBe(0);
  });

  it('sends at its time, and nothing of what was cancelled before', async () => {
    const person = await owner();
    const sendAt = new Date(Date.now() + 3_600_000).toISOString();
    const later = await desk.announce({ target: desk.to(person), sendAt });
    const never = await desk.announce({ target: desk.to(person), sendAt });
    expect(later).toMatchObject({ status: 'scheduled', audience: 1 });
    expect((await desk.why(later.id, person)).reason).toBe('pending');
    expect(await desk.cancel(never.id)).toMatchObject({ status: 'cancelled' });
    expect(await desk.cancel(never.id)).toMatchObject({ status: 'cancelled' });
    expect((await desk.why(never.id, person)).reason).toBe('cancelled');
    await desk.world.sql.query('UPDATE campaigns._private_jobs SET run_at = now() WHERE run_at > now()');
    await desk.finished(later.id);
    expect((await desk.world.pushes(person)).map(({ data }) => data['campaign_id'])).toEqual([later.id]);
    await expect(desk.cancel(later.id)).rejects.toThrow('409');
    const none = await desk.one(never.id);
    expect(none.counts).toMatchObject({ audience: 1, accepted: 0, pending: 0, skipped: 0 });
  });

  it('is made once, however often its Idempotency-Key comes', async () => {
    const person = await owner();
    const key = randomUUID();
    const announce = (change: object = {}) =>
      desk.world.call<{ id: string }>(
        desk.admin,
        'POST',
        '/api/notifications',
        {
          title: 'Once',
          body: 'Only once',
          category: 'product',
          data: { b: '2', a: '1' },
          target: desk.to(person),
          ...change,
        },
        { 'idempotency-key': key },
      );
    const [first, second] = await Promise.all([announce(), announce()]);
    expect(second.id).toBe(first.id);
    await expect(announce({ body: 'Another one' })).rejects.toThrow('409');
    await expect(announce({ sendAt: '2020-01-01T00:00:00Z' })).rejects.toThrow('409');
    await desk.finished(first.id);
    expect((await announce()).id).toBe(first.id);
    expect(await desk.world.pushes(person)).toHaveLength(1);
  });

  it('says why: sent, no token, dead token, connected, quiet hours, opted out, not in audience', async () => {
    const [told, bare, dead, here, asleep, dana, outsider] = [
      await owner(),
      await owner(''),
      await owner('unregistered-'),
      await owner(),
      await owner(),
      await owner(),
      await owner(),
    ];
    await desk.world.connect(here);
    await desk.quiet(asleep, true);
    await desk.prefer(dana, { categories: { promotional: false } });
    const { id } = await desk.announce({ target: desk.to(told, bare, dead, here, asleep, dana) });
    await eventually('all but the sleeper', async () => {
      const { counts } = await desk.one(id);
      return counts.accepted === 1 && counts.rejected === 1 && counts.skipped === 1 && counts.pending === 1;
    });
    const why = async (person: Owner) => {
      const { outcome, reason } = await desk.why(id, person);
      return [outcome, reason];
    };
    expect(await why(told)).toEqual(['accepted', 'sent']);
    expect(await why(bare)).toEqual(['skipped', 'no_token']);
    expect(await why(dead)).toEqual(['rejected', 'dead_token']);
    expect(await why(here)).toEqual(['skipped', 'connected']);
    expect(await why(asleep)).toEqual(['pending', 'quiet_hours']);
    expect(await why(dana)).toEqual(['excluded', 'opted_out']);
    expect(await why(outsider)).toEqual(['excluded', 'not_in_audience']);
    expect((await desk.why(id, { sub: 'nobody-at-all' })).reason).toBe('not_in_audience');
    expect((await desk.why(id, asleep)).held_until).toMatch(/^20/);
    expect(await desk.world.hasToken(dead)).toBe(false);
    expect((await desk.one(id)).status).toBe('sending');

    await desk.nightIsOver(asleep);
    const { status, counts } = await desk.finished(id);
    expect(status).toBe('sent');
    expect(counts).toEqual({
      audience: 6,
      excluded_by_preference: 1,
      accepted: 2,
      rejected: 1,
      unknown: 0,
      skipped: 1,
      pending: 0,
    });
    expect(await why(asleep)).toEqual(['accepted', 'sent']);
    expect((await desk.why(id, told)).attempts).toMatchObject([{ status: 'accepted', attempts: 1 }]);
  });

  it('does not wait for the end of a night with what cannot wait', async () => {
    const asleep = await owner();
    await desk.quiet(asleep, true);
    const { id } = await desk.announce({ category: 'transactional', target: desk.to(asleep) });
    await desk.finished(id);
    expect(await desk.world.pushes(asleep)).toHaveLength(1);
  });

  it('takes back what waits for a night to end when it is cancelled', async () => {
    const [asleep, told] = [await owner(), await owner()];
    await desk.quiet(asleep, true);
    const { id } = await desk.announce({ target: desk.to(asleep, told) });
    await eventually('the other one was told', async () => (await desk.one(id)).counts.accepted === 1);
    await desk.cancel(id);
    const { status, counts } = await desk.finished(id);
    expect(status).toBe('cancelled');
    expect(counts).toMatchObject({ audience: 2, accepted: 1, skipped: 1, pending: 0 });
    expect(await desk.why(id, asleep)).toMatchObject({ outcome: 'skipped', reason: 'cancelled' });
    expect(await desk.world.deliveries(asleep)).toMatchObject([{ status: 'skipped', reason: 'cancelled' }]);
    expect((await desk.why(id, told)).reason).toBe('sent');
    await desk.nightIsOver(asleep);
    await desk.world.idle();
    expect(await desk.world.pushes(asleep)).toEqual([]);
    expect(await desk.world.call(asleep, 'GET', '/api/notifications/inbox')).toMatchObject({
      notifications: [],
    });
  });

  it('is either sent or taken back when it is cancelled in the moment it is opened', async () => {
    const { sql } = desk.world;
    const person = await owner();
    await desk.quiet(person, true);
    const { id } = await desk.announce({ target: desk.to(person) });
    await eventually('it waits', async () => (await desk.why(id, person)).reason === 'quiet_hours');
    await desk.quiet(person, false);
    const lock = await sql.connect();
    try {
      await lock.query('BEGIN');
      await lock.query('UPDATE notifications SET held_until = now() WHERE campaign_id = $1', [id]);
      await sql.query('UPDATE campaigns._private_jobs SET run_at = now()');
      await eventually('it is being opened', async () => {
        const { rows } = await sql.query(
          `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
        );
        return rows.length > 0;
      });
      await desk.cancel(id);
      await lock.query('COMMIT');
    } finally {
      lock.release();
    }
    const { counts } = await desk.finished(id);
    expect(counts).toMatchObject({ pending: 0, unknown: 0 });
    expect(counts.accepted + counts.skipped).toBe(1);
    expect(await desk.world.pushes(person)).toHaveLength(counts.accepted);
    expect(await desk.world.deliveries(person)).toMatchObject([
      { status: counts.accepted === 1 ? 'accepted' : 'skipped' },
    ]);
    expect((await desk.why(id, person)).reason).toBe(counts.accepted === 1 ? 'sent' : 'cancelled');
  });

  it('finishes when it is cancelled while a push was under way whose worker has died', async () => {
    const [person, asleep] = [await owner(), await owner()];
    await desk.quiet(asleep, true);
    const { id } = await desk.announce({ target: desk.to(person, asleep) });
    await eventually('the other one was told', async () => (await desk.one(id)).counts.accepted === 1);
    // As a killed worker leaves it, a moment ago.
    const attempted = (age: string): Promise<unknown> =>
      desk.world.sql.query(
        `WITH n AS (UPDATE notifications SET settled_at = NULL WHERE campaign_id = $1 AND person_id = $2 RETURNING id)
        UPDATE notification_deliveries d SET status = 'pending', updated_at = now() - $3::interval
        FROM n WHERE d.notification_id = n.id`,
        [id, person.id, age],
      );
    await attempted('1 s');
    await desk.cancel(id);
    await desk.world.idleButHeld();
    expect(await desk.one(id)).toMatchObject({ finished_at: null, counts: { pending: 1, skipped: 1 } });
    await attempted('31 s');
    await desk.world.sql.query('UPDATE campaigns._private_jobs SET run_at = now()');
    const { counts } = await desk.finished(id);
    expect(counts).toMatchObject({ unknown: 1, skipped: 1, accepted: 0, pending: 0 });
    expect((await desk.why(id, person)).outcome).toBe('unknown');
  });

  it('reaches every device of a person, and counts each', async () => {
    const person = await owner();
    const second = `device-${randomUUID()}`;
    await desk.world.register(person, second);
    await desk.world.register(person, `unregistered-${randomUUID()}`);
    const { id } = await desk.announce({ target: desk.to(person) });
    const { counts } = await desk.finished(id);
    expect(counts).toMatchObject({ audience: 1, accepted: 2, rejected: 1 });
    expect((await desk.why(id, person)).outcome).toBe('accepted');
    expect((await desk.why(id, person)).attempts).toHaveLength(3);
  });

  it('tries again what FCM asks to, and leaves alone what may have arrived', async () => {
    const [busy, dropped] = [await owner('quota-'), await owner('drop-')];
    const { id } = await desk.announce({ target: desk.to(busy, dropped) });
    const { counts } = await desk.finished(id);
    expect(counts).toMatchObject({ accepted: 1, unknown: 1, pending: 0 });
    expect(desk.world.sandbox.tries(dropped.device)).toBe(1);
    expect(await desk.why(id, dropped)).toMatchObject({ outcome: 'unknown', reason: 'sent' });
    expect(await desk.world.pushes(busy)).toHaveLength(1);
  });

  it('answers a repeat also when its template has become another one', async () => {
    const person = await owner();
    const template = (title: string) =>
      desk.world.call(desk.admin, 'PUT', '/api/notification-templates/repeated', {
        title,
        body: '{{ what }}',
      });
    const announce = () =>
      desk.world.call<{ id: string }>(
        desk.admin,
        'POST',
        '/api/notifications',
        { templateId: 'repeated', variables: { what: 'News' }, category: 'product', target: desk.to(person) },
        { 'idempotency-key': 'with a template' },
      );
    await template('Before');
    const { id } = await announce();
    await template('After');
    expect((await announce()).id).toBe(id);
    expect(await desk.one(id)).toMatchObject({ title: 'Before', body: 'News', template_id: 'repeated' });
  });

  it('is not tried again on who has switched it off since, or whose phone is another one’s', async () => {
    const [dana, mover, heir] = [await owner('quota-'), await owner('quota-'), await owner('')];
    const { id } = await desk.announce({ target: desk.to(dana, mover) });
    await eventually('FCM asked to wait', async () => {
      const entries = [...(await desk.why(id, dana)).attempts, ...(await desk.why(id, mover)).attempts];
      return entries.length === 2 && entries.every(({ reason }) => reason === 'quota_exceeded');
    });
    await desk.prefer(dana, { categories: { promotional: false } });
    await desk.world.register(heir, mover.device);
    const { counts } = await desk.finished(id);
    expect(counts).toMatchObject({ audience: 2, excluded_by_preference: 1, accepted: 0, skipped: 2 });
    expect((await desk.why(id, dana)).reason).toBe('opted_out');
    expect((await desk.why(id, mover)).reason).toBe('no_token');
    expect([...(await desk.world.pushes(dana)), ...(await desk.world.pushes(mover))]).toEqual([]);
  });

  it('waits for the night that began while FCM asked to wait', async () => {
    const asleep = await owner('quota-');
    const { id } = await desk.announce({ target: desk.to(asleep) });
    await eventually('FCM asked to wait', async () => {
      const [entry] = (await desk.why(id, asleep)).attempts;
      return entry?.reason === 'quota_exceeded';
    });
    await desk.quiet(asleep, true);
    await desk.world.idleButHeld();
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(await desk.world.pushes(asleep)).toEqual([]);
    await desk.nightIsOver(asleep);
    await desk.finished(id);
    expect(await desk.world.pushes(asleep)).toHaveLength(1);
  });

  it('is over at once when nobody matches', async () => {
    const { id, audience } = await desk.announce({ target: { subs: ['nobody-at-all'] } });
    expect(audience).toBe(0);
    expect(await desk.finished(id)).toMatchObject({ status: 'sent', counts: { audience: 0, pending: 0 } });
  });

  it('stands in the delivery log with its title, and in the list', async () => {
    const person = await owner();
    const { id } = await desk.announce({ title: 'Listed', target: desk.to(person) });
    await desk.finished(id);
    expect(await desk.world.deliveries(person)).toMatchObject([{ kind: 'announcement', title: 'Listed' }]);
    const { notifications } = await desk.world.call<{ notifications: { id: string }[] }>(
      desk.admin,
      'GET',
      '/api/notifications?limit=1',
    );
    expect(notifications).toMatchObject([{ id, title: 'Listed', counts: { accepted: 1 } }]);
  });
});
