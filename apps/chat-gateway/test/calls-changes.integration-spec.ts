import { NEWS_PUBLISHER, type NewsPublisher, CallSides } from '@kindline/domain';
import { createTestDatabase, type TestDatabase } from '@kindline/testing';
import { CallKeeper } from '../src/calls/call-keeper';
import {
  candidate,
  carried,
  companionConversation,
  expectOk,
  heard,
  type Pair,
  quiet,
  record,
  refused,
  sdp,
  talk,
} from './call-kit';
import { at, eventually, type TestSocket, World } from './kit';
import { Subscriptions } from './unheard';

jest.setTimeout(60_000);

describe('calls whose devices change, and what they miss meanwhile', () => {
  let database: TestDatabase;
  let world: World;
  let subscriptions: Subscriptions;
  let pair: Pair;
  let conversationId: string;
  let caller: TestSocket;

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
    conversationId = pair.id;
    caller = await world.connect(pair.seeker, 0);
  });
  afterEach(() => subscriptions.mend());

  const offer = (what = 'offer'): Promise<void> =>
    expectOk(caller.ask('call:offer', { conversationId, sdp: sdp(what) }));
  const answer = (socket: TestSocket, what = 'answer') =>
    socket.ask('call:answer', { conversationId, sdp: sdp(what) });
  const ice = (socket: TestSocket, what: string | number) =>
    socket.ask('call:ice', { conversationId, candidate: candidate(what) });
  const noted = (side: 'caller' | 'callee', socket: TestSocket): Promise<unknown> =>
    eventually(
      'it is noted',
      async () => (await record(world.sql, conversationId))[`${side}_next_socket`] === socket.socket.id,
    );

  it('a caller who changed networks while it rang goes on after the answer, and may hang up', async () => {
    const callee = await world.connect(pair.helper, 1);
    await offer();
    await callee.next('call:offer');
    const roaming = await world.connect(pair.seeker, 1);
    await noted('caller', roaming);
    await expectOk(answer(callee));
    await roaming.next('call:answer');
    await expectOk(ice(roaming, 'new network'));
    await carried(world.sql, conversationId, 'caller', roaming);
    await expectOk(roaming.ask('call:end', { conversationId }));
  });

  it('the one that came last goes on, whatever its clock says', async () => {
    const callee = await world.connect(pair.helper, 1);
    await talk(conversationId, caller, callee);
    const roaming = await world.connect(pair.seeker, 1);
    await noted('caller', roaming);
    await world.sql.query(
      `UPDATE call_records SET caller_carrier_since = now() + interval '1 minute' WHERE conversation_id = $1`,
      [conversationId],
    );
    await expectOk(ice(roaming, 'new network'));
    await carried(world.sql, conversationId, 'caller', roaming);
  });

  it('a device that was taken over from is refused from then on, also where it had taken over itself', async () => {
    const callee = await world.connect(pair.helper, 1);
    await talk(conversationId, caller, callee);
    const first = await world.connect(pair.seeker, 0);
    await expectOk(ice(first, 1));
    const second = await world.connect(pair.seeker, 1);
    await expectOk(ice(second, 2));
    expect(await ice(first, 3)).toEqual(refused('answered_elsewhere'));
    await carried(world.sql, conversationId, 'caller', second);
  });

  it('a device that rang and comes back during the call breaks nothing by an answer and its candidates', async () => {
    const phone = await world.connect(pair.helper, 0);
    const tablet = await world.connect(pair.helper, 1);
    await offer();
    await tablet.next('call:offer');
    tablet.close();
    await expectOk(answer(phone));
    const back = await world.connect(pair.helper, 1);
    await noted('callee', back);
    const late = [answer(back, 'late'), ice(back, 'late')];
    expect(await Promise.all(late)).toEqual([refused('answered_elsewhere'), refused('answered_elsewhere')]);
    await carried(world.sql, conversationId, 'callee', phone);
    await quiet();
    expect(heard(caller)).toEqual([['call:answer', sdp('answer')]]);
    expect(phone.all('call:end')).toEqual([]);
    // But a phone that changed networks may answer new terms.
    await expectOk(caller.ask('call:offer', { conversationId, sdp: sdp('restart') }));
    await back.next('call:offer');
    await expectOk(answer(back, 'agreed'));
    await carried(world.sql, conversationId, 'callee', back);
  });

  it('an answer reaches a caller on the same gateway while Redis is away', async () => {
    const phone = await world.connect(pair.helper, 0);
    await offer();
    await phone.next('call:offer');
    const publish = jest
      .spyOn(at(world.gateways, 0).app.get<NewsPublisher>(NEWS_PUBLISHER), 'publish')
      .mockRejectedValue(new Error('away'));
    try {
      await expectOk(answer(phone));
      await caller.next('call:answer');
    } finally {
      publish.mockRestore();
    }
  });

  it('an offer that rings somewhere is no failure while Redis is away, and its answer stops it', async () => {
    const phone = await world.connect(pair.helper, 0);
    const tablet = await world.connect(pair.helper, 0);
    const publish = jest
      .spyOn(at(world.gateways, 0).app.get<NewsPublisher>(NEWS_PUBLISHER), 'publish')
      .mockRejectedValue(new Error('away'));
    try {
      await offer();
      await Promise.all([phone, tablet].map((device) => device.next('call:offer')));
      await expectOk(answer(phone));
      expect(await tablet.next('call:end')).toEqual({ conversationId, reason: 'answered_elsewhere' });
    } finally {
      publish.mockRestore();
    }
  });

  it('an answer that came while the caller was away is shown when they are back, with its candidates', async () => {
    const callee = await world.connect(pair.helper, 1);
    await offer();
    await callee.next('call:offer');
    caller.close();
    await eventually(
      'the caller is lost',
      async () => (await record(world.sql, conversationId))['caller_lost_at'] !== null,
    );
    await expectOk(answer(callee));
    await expectOk(ice(callee, 1));
    // What it has buffered is not taken for a sign that it knows, however fast it comes.
    const sides = at(world.gateways, 0).app.get(CallSides);
    const arrived = sides.arrived.bind(sides);
    const slow = jest.spyOn(sides, 'arrived').mockImplementationOnce(async (...args) => {
      await quiet();
      return arrived(...args);
    });
    const back = await world.connect(pair.seeker, 0);
    await expectOk(ice(back, 'buffered'));
    slow.mockRestore();
    await back.next('call:ice');
    await quiet();
    expect(heard(back)).toEqual([
      ['call:answer', sdp('answer')],
      ['call:ice', candidate(1)],
    ]);
    // It was heard: who comes now is not told again.
    expect(await record(world.sql, conversationId)).toMatchObject({ answer: null });
    await expectOk(ice(callee, 2));
    const later = await world.connect(pair.seeker, 1);
    await noted('caller', later);
    await quiet();
    expect(heard(later)).toEqual([]);
  });

  it('an answer that got lost on its way to the caller is shown when the gateway hears again, and once', async () => {
    const callee = await world.connect(pair.helper, 1);
    await offer();
    await callee.next('call:offer');
    await subscriptions.unheard(async () => {
      await answer(callee);
      await ice(callee, 1);
    });
    await caller.next('call:ice');
    const keeper = at(world.gateways, 0).app.get(CallKeeper);
    await keeper.compare();
    await keeper.compare();
    await quiet();
    expect(heard(caller)).toEqual([
      ['call:answer', sdp('answer')],
      ['call:ice', candidate(1)],
    ]);
    await world.sql.query(
      `UPDATE call_records SET answered_at = now() - interval '2 minutes', started_at = now() - interval '3 minutes'
      WHERE conversation_id = $1`,
      [conversationId],
    );
    await keeper.compare();
    expect(await record(world.sql, conversationId)).toMatchObject({ status: 'active', answer: null });
  });

  it('an answer that nobody confirmed is gone with the call', async () => {
    const callee = await world.connect(pair.helper, 1);
    await talk(conversationId, caller, callee);
    expect((await record(world.sql, conversationId))['answer']).not.toBeNull();
    await expectOk(callee.ask('call:end', { conversationId }));
    expect(await record(world.sql, conversationId)).toMatchObject({ status: 'ended', answer: null });
  });

  it('a second call with the same description rings on a device that came during the first one', async () => {
    await offer();
    const callee = await world.connect(pair.helper, 1);
    await callee.next('call:offer');
    await expectOk(callee.ask('call:end', { conversationId }));
    await caller.next('call:end');
    await offer();
    await eventually('it rings again', () => callee.all('call:offer').length === 2);
  });

  it('a call rings on a device that came while the database was away, once that is back', async () => {
    await offer();
    const arrived = jest
      .spyOn(at(world.gateways, 1).app.get(CallSides), 'arrived')
      .mockRejectedValueOnce(new Error('away'));
    try {
      const callee = await world.connect(pair.helper, 1);
      await eventually('it has failed', () => arrived.mock.results.length === 1);
      await quiet();
      expect(heard(callee)).toEqual([]);
      await at(world.gateways, 1).app.get(CallKeeper).compare();
      await callee.next('call:offer');
      await at(world.gateways, 1).app.get(CallKeeper).compare();
      await quiet();
      expect(heard(callee)).toEqual([['call:offer', sdp('offer')]]);
    } finally {
      arrived.mockRestore();
    }
  });
});
