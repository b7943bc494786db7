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
    const all = counts.accepted + counts.rejected + counts.skipped;
    expect(counts.accepted).toBeLessThan(half.accepted + 400);
    expect(all).toBeGreaterThan(0);
    expect(counts).toMatchObject({ pending: 0, unknown: 0, audience: 280 });
    const arrived = desk.world.sandbox.messages().length;
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(desk.world.sandbox.messages()).toHaveLength(arrived);
  });
});
