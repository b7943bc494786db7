import { eventually } from '@kindline/testing';
import { Announcing } from './announcing';
import { makeCrowd } from './crowd';

jest.setTimeout(60_000);

describe('how much is announced to one person, and how fast', () => {
  let desk: Announcing;
  beforeAll(async () => {
    desk = await Announcing.start({
      env: {
        RATE_LIMIT_DISABLED: 'false',
        RATE_LIMIT_CAMPAIGN_PUSHES: '50/1s',
        CAMPAIGN_PUSH_EVERY: '1h',
      },
    });
    await desk.world.secondWorker();
    await makeCrowd(desk.world.sql, { people: 700 });
  });
  afterAll(() => desk.world.stop());

  it('keeps its distance to a person, but for what cannot wait', async () => {
    const person = await desk.world.owner('user');
    const target = desk.to(person);
    const first = await desk.announce({ target });
    await desk.finished(first.id);
    const second = await desk.announce({ target });
    const { counts } = await desk.finished(second.id);
    expect(counts).toMatchObject({ accepted: 0, skipped: 1 });
    expect(await desk.why(second.id, person)).toMatchObject({ outcome: 'skipped', reason: 'throttled' });
    const urgent = await desk.announce({ target, category: 'transactional' });
    await desk.finished(urgent.id);
    expect(await desk.world.pushes(person)).toHaveLength(2);
  });

  it('sends at the rate of the operator, all workers together, and stops soon when it is cancelled', async () => {
    const began = Date.now();
    const { id } = await desk.announce({ target: { roles: ['volunteer'] }, category: 'transactional' });
    const half = await eventually('some are sent', async () => {
      const { counts } = await desk.one(id);
      return counts.accepted >= 100 && counts;
    });
    // Each page may be up to a burst ahead of the clock.
    const seconds = (Date.now() - began) / 1_000;
    expect(half.accepted).toBeLessThanOrEqual((seconds + 1) * 50 + 50);
    expect(half.pending).toBeGreaterThan(0);
    await desk.cancel(id);
    const { status, counts } = await desk.finished(id);
    expect(status).toBe('cancelled');
    // 280 people, ten of whose devices are dead and eleven of whom have two.
    expect(counts.accepted).toBeLessThan(200);
    expect(counts.skipped).toBeGreaterThan(50);
    expect(counts).toMatchObject({ pending: 0, unknown: 0, audience: 280 });
    const arrived = desk.world.sandbox.messages().length;
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(desk.world.sandbox.messages()).toHaveLength(arrived);
  });
});

describe('a rate at which next to nothing leaves', () => {
  let desk: Announcing;
  beforeAll(async () => {
    desk = await Announcing.start({
      env: { RATE_LIMIT_DISABLED: 'false', RATE_LIMIT_CAMPAIGN_PUSHES: '1/1h' },
    });
    await makeCrowd(desk.world.sql, { people: 3_000 });
  });
  afterAll(() => desk.world.stop());

  it('keeps nobody from cancelling or from beginning another one, and takes no time that is not used', async () => {
    const { id } = await desk.announce({ target: { roles: ['user'] }, category: 'product' });
    // Whoever is first: their device may be a dead one, or they may have two.
    await eventually('one person is told', async () => {
      const { accepted, rejected } = (await desk.one(id)).counts;
      return accepted + rejected >= 1;
    });
    const other = await desk.announce({ target: { subs: ['crowd-1'] }, category: 'transactional' });
    await eventually('the other one is expanded', async () => {
      const { rows } = await desk.world.sql.query('SELECT FROM notifications WHERE campaign_id = $1', [
        other.id,
      ]);
      return rows.length === 1;
    });
    await desk.cancel(id);
    const { counts } = await desk.finished(id);
    expect(counts).toMatchObject({ pending: 0, unknown: 0 });
    expect(counts.accepted + counts.rejected).toBeLessThanOrEqual(2);
    expect(counts.skipped).toBeGreaterThan(1_500);
    const { rows } = await desk.world.sql.query<{ hours: number }>(
      'SELECT extract(epoch FROM next_at - now())::float8 / 3600 AS hours FROM campaign_pace',
    );
    expect(rows[0]?.hours).toBeLessThan(2.1);
  });
});
