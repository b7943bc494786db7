import { createTestDatabase, type TestDatabase } from '@kindline/testing';
import {
  calls,
  candidate,
  companionConversation,
  expectOk,
  heard,
  type Pair,
  pushesTo,
  quiet,
  record,
  refused,
  runTimer,
  sdp,
  talk,
  timersOf,
} from './call-kit';
import { at, eventually, type TestSocket, World } from './kit';
import { Subscriptions } from './unheard';

jest.setTimeout(60_000);

describe('voice calls over two gateways', () => {
  let database: TestDatabase;
  let world: World;
  let subscriptions: Subscriptions;
  let pair: Pair;
  let caller: TestSocket;
  let callee: TestSocket;

  beforeAll(async () => {
    database = await createTestDatabase();
    world = await World.start(database.url);
    subscriptions = new Subscriptions(world);
  });
  afterAll(async () => {
    subscriptions.close();
    await world.stop();
    await database.drop();
  });
  beforeEach(async () => {
    pair = await companionConversation(world);
    caller = await world.connect(pair.seeker, 0);
    callee = await world.connect(pair.helper, 1);
  });

  it('carries a whole call: offer, answer and candidates as they came, the end and its record', async () => {
    const conversationId = pair.id;
    const offer = { type: 'offer', sdp: sdp('offer') };
    const answer = { type: 'answer', sdp: sdp('answer') };
    // As clients do: without waiting for acks.
    const offered = [
      caller.ask('call:offer', { conversationId, sdp: offer }),
      ...[1, 2, 3].map((n) => caller.ask('call:ice', { conversationId, candidate: candidate(n) })),
      caller.ask('call:ice', { conversationId, candidate: null }),
    ];
    for (const ack of offered) await expectOk(ack);
    await callee.next('call:ice', ({ candidate: last }) => last === null);
    const fromCaller = [
      ['call:offer', offer],
      ['call:ice', candidate(1)],
      ['call:ice', candidate(2)],
      ['call:ice', candidate(3)],
      ['call:ice', null],
    ];
    // The event shows `candidate: null` as what it is.
    expect(callee.all('call:ice').at(-1)).toEqual({ conversationId, candidate: null });
    expect(heard(callee).map(([event]) => event)).toEqual(fromCaller.map(([event]) => event));
    expect(callee.all('call:offer')).toEqual([{ conversationId, sdp: offer }]);

    const answered = [
      callee.ask('call:answer', { conversationId, sdp: answer }),
      callee.ask('call:ice', { conversationId, candidate: candidate('b') }),
    ];
    for (const ack of answered) await expectOk(ack);
    await caller.next('call:ice');
    expect(heard(caller)).toEqual([
      ['call:answer', answer],
      ['call:ice', candidate('b')],
    ]);
    expect((await record(world.sql, conversationId))['ringing']).toBeNull();

    const quality = { mos: 4.2, rttMs: 80, jitterMs: 5.5, packetLossPct: 0.4 };
    await expectOk(caller.ask('call:end', { conversationId, quality }));
    expect(await callee.next('call:end')).toEqual({ conversationId, reason: 'ended' });
    // Both sides report.
    await expectOk(callee.ask('call:end', { conversationId, quality: { rttMs: 90 } }));
    await quiet();
    expect(heard(caller)).toHaveLength(2);
    expect(callee.all('call:end')).toHaveLength(1);
    expect(await calls(world, pair)).toEqual([
      {
        id: expect.any(String),
        started_at: expect.any(String),
        answered_at: expect.any(String),
        ended_at: expect.any(String),
        duration_s: 0,
        status: 'ended',
        reason: 'ended',
        caller: pair.seeker.sub,
        quality,
        quality_by: { [pair.seeker.sub]: quality, [pair.helper.sub]: { rttMs: 90 } },
      },
    ]);
    expect(await pushesTo(world.sql, pair.helper)).toEqual(['call']);
    expect(await pushesTo(world.sql, pair.seeker)).toEqual([]);
  });

  it('rings on every device of the callee, and on the others no more once one has answered', async () => {
    const conversationId = pair.id;
    const second = await world.connect(pair.helper, 0);
    await talk(conversationId, caller, callee);
    await second.next('call:end');
    await expectOk(caller.ask('call:ice', { conversationId, candidate: candidate(1) }));
    await callee.next('call:ice');
    expect(await second.ask('call:answer', { conversationId, sdp: sdp('late') })).toEqual(
      refused('answered_elsewhere'),
    );
    expect(await second.ask('call:end', { conversationId })).toEqual(refused('answered_elsewhere'));
    await quiet();
    expect(heard(second)).toEqual([
      ['call:offer', sdp('offer')],
      ['call:end', 'answered_elsewhere'],
    ]);
    expect(heard(caller)).toEqual([['call:answer', sdp('answer')]]);
  });

  it('hands new terms and their answer to the devices in the call only, as the same call', async () => {
    const conversationId = pair.id;
    const second = await world.connect(pair.helper, 1);
    await talk(conversationId, caller, callee);
    await second.next('call:end');
    await expectOk(callee.ask('call:offer', { conversationId, sdp: sdp('restart') }));
    await caller.next('call:offer');
    await expectOk(caller.ask('call:answer', { conversationId, sdp: sdp('agreed') }));
    await callee.next('call:answer');
    await quiet();
    expect(heard(second)).toHaveLength(2);
    expect(await calls(world, pair)).toMatchObject([{ status: 'active', reason: null, ended_at: null }]);
  });

  it('of two devices that answer at once lets exactly one win, each time', async () => {
    const conversationId = pair.id;
    const second = await world.connect(pair.helper, 0);
    for (let round = 1; round <= 20; round++) {
      await expectOk(caller.ask('call:offer', { conversationId, sdp: sdp(`round ${round}`) }));
      const rung = await Promise.all(
        [callee, second].map((device) =>
          device.next('call:offer', (offer) => offer.sdp === sdp(`round ${round}`)),
        ),
      );
      expect(rung).toHaveLength(2);
      const acks = await Promise.all([
        callee.ask('call:answer', { conversationId, sdp: sdp(`first ${round}`) }),
        second.ask('call:answer', { conversationId, sdp: sdp(`second ${round}`) }),
      ]);
      expect(acks.filter(({ ok }) => ok)).toHaveLength(1);
      expect(acks).toContainEqual(refused('answered_elsewhere'));
      const [winner, loser] = at(acks, 0).ok ? [callee, second] : [second, callee];
      await eventually('the loser hears of it', () =>
        loser.all('call:end').some(({ reason }) => reason === 'answered_elsewhere'),
      );
      await caller.next('call:answer', (answer) => String(answer.sdp).includes(` ${round} `));
      expect(caller.all('call:answer')).toHaveLength(round);
      await expectOk(caller.ask('call:end', { conversationId }));
      await Promise.all(
        [winner, loser].map((device) => device.next('call:end', (end) => end.reason === 'ended')),
      );
      winner.seen.length = loser.seen.length = 0;
    }
    expect(await calls(world, pair)).toHaveLength(20);
  });

  it('tells every device of the callee when an answered call ends: one may not have heard of the answer', async () => {
    const conversationId = pair.id;
    const second = await world.connect(pair.helper, 0);
    await subscriptions.unheard(async () => {
      await expectOk(caller.ask('call:offer', { conversationId, sdp: sdp('offer') }));
      await second.next('call:offer');
      await callee.ask('call:answer', { conversationId, sdp: sdp('answer') });
    });
    expect(heard(second)).toEqual([['call:offer', sdp('offer')]]);
    await expectOk(callee.ask('call:end', { conversationId }));
    expect(await second.next('call:end')).toEqual({ conversationId, reason: 'ended' });
    await quiet();
    expect(callee.all('call:end')).toEqual([]);
  });

  it('ends after four hours at the latest: both hear it, and a timer that comes late does nothing', async () => {
    const conversationId = pair.id;
    await talk(conversationId, caller, callee);
    const { id, answered_at } = await record(world.sql, conversationId);
    const [timer] = await timersOf(world.sql, id);
    expect(timer?.run_at.getTime()).toBe((answered_at as Date).getTime() + 4 * 3_600_000);
    if (timer) await runTimer(world, timer);
    const end = { conversationId, reason: 'too_long' };
    expect(await Promise.all([caller.next('call:end'), callee.next('call:end')])).toEqual([end, end]);
    await expectOk(caller.ask('call:offer', { conversationId, sdp: sdp('again') }));
    if (timer) await runTimer(world, timer);
    expect(await calls(world, pair)).toMatchObject([{ reason: 'too_long' }, { status: 'ringing' }]);
    expect(await pushesTo(world.sql, pair.helper)).toEqual(['call', 'call']);
  });

  it('tells the caller when the callee declines, and the other devices stop ringing', async () => {
    const conversationId = pair.id;
    const second = await world.connect(pair.helper, 0);
    await expectOk(caller.ask('call:offer', { conversationId, sdp: sdp('offer') }));
    await Promise.all([callee.next('call:offer'), second.next('call:offer')]);
    await expectOk(callee.ask('call:end', { conversationId }));
    await Promise.all([caller.next('call:end'), second.next('call:end')]);
    await quiet();
    expect(heard(caller)).toEqual([['call:end', 'declined']]);
    expect(heard(second).at(-1)).toEqual(['call:end', 'declined']);
    expect(heard(callee)).toEqual([['call:offer', sdp('offer')]]);
    expect(await calls(world, pair)).toMatchObject([
      { status: 'ended', reason: 'declined', duration_s: 0, answered_at: null, quality: {} },
    ]);
    expect(await pushesTo(world.sql, pair.helper)).toEqual(['call']);
  });

  it('tells the callee when the caller gives up, and that they missed it', async () => {
    const conversationId = pair.id;
    await expectOk(caller.ask('call:offer', { conversationId, sdp: sdp('offer') }));
    await expectOk(caller.ask('call:end', { conversationId }));
    expect(await callee.next('call:end')).toEqual({ conversationId, reason: 'cancelled' });
    const row = await record(world.sql, conversationId);
    expect(row).toMatchObject({ status: 'ended', ringing: null, end_reason: 'cancelled' });
    expect(await timersOf(world.sql, row['id'])).toEqual([]);
    await quiet();
    expect(heard(caller)).toEqual([]);
    expect(callee.all('call:end')).toHaveLength(1);
    expect(await pushesTo(world.sql, pair.helper)).toEqual(['call', 'call_missed']);
  });

  it('stops ringing after 45 seconds: both hear it, and the callee that they missed it', async () => {
    const conversationId = pair.id;
    await expectOk(caller.ask('call:offer', { conversationId, sdp: sdp('offer') }));
    const { id, started_at } = await record(world.sql, conversationId);
    const [timer] = await timersOf(world.sql, id);
    expect(timer?.run_at.getTime()).toBe((started_at as Date).getTime() + 45_000);
    if (timer) await runTimer(world, timer);
    const end = { conversationId, reason: 'missed' };
    expect(await Promise.all([caller.next('call:end'), callee.next('call:end')])).toEqual([end, end]);
    expect(await calls(world, pair)).toMatchObject([{ reason: 'missed', duration_s: 0 }]);
    expect(await pushesTo(world.sql, pair.helper)).toEqual(['call', 'call_missed']);
    expect(await callee.ask('call:answer', { conversationId, sdp: sdp('late') })).toEqual(
      refused('not_found'),
    );
  });

  it('lets a ring timer that comes late leave an answered call alone', async () => {
    await expectOk(caller.ask('call:offer', { conversationId: pair.id, sdp: sdp('offer') }));
    const [timer] = await timersOf(world.sql, (await record(world.sql, pair.id))['id']);
    await expectOk(callee.ask('call:answer', { conversationId: pair.id, sdp: sdp('answer') }));
    if (timer) await runTimer(world, timer);
    expect(await calls(world, pair)).toMatchObject([{ status: 'active' }]);
  });
});
