import { KindlineError } from '@kindline/contracts';
import { Conversations } from '@kindline/domain';
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
  sdp,
  talk,
} from './call-kit';
import { at, eventually, type TestSocket, World } from './kit';

jest.setTimeout(60_000);

const CALLERS = 20;

describe("calls that stand in each other's way", () => {
  let database: TestDatabase;
  let world: World;
  let pair: Pair;
  let caller: TestSocket;
  let callee: TestSocket;

  beforeAll(async () => {
    database = await createTestDatabase();
    world = await World.start(database.url);
  });
  afterAll(async () => {
    await world.stop();
    await database.drop();
  });
  beforeEach(async () => {
    pair = await companionConversation(world);
    caller = await world.connect(pair.seeker, 0);
    callee = await world.connect(pair.helper, 1);
  });

  const offer = (socket: TestSocket, { id: conversationId }: Pair, what = 'offer') =>
    socket.ask('call:offer', { conversationId, sdp: sdp(what) });

  it('are busy for a third one while it rings and while it goes on, whoever of the two is called', async () => {
    const third = await companionConversation(world, { helper: pair.helper });
    const fourth = await companionConversation(world, { seeker: pair.seeker });
    const [thirdCaller, fourthCaller] = [
      await world.connect(third.seeker, 1),
      await world.connect(fourth.helper, 0),
    ];
    await expectOk(offer(caller, pair));
    expect(await offer(thirdCaller, third)).toEqual(refused('busy'));
    expect(await offer(fourthCaller, fourth)).toEqual(refused('busy'));
    await expectOk(callee.ask('call:answer', { conversationId: pair.id, sdp: sdp('answer') }));
    expect(await offer(thirdCaller, third)).toEqual(refused('busy'));
    expect(await offer(fourthCaller, fourth)).toEqual(refused('busy'));
    // And who is in a call does not call.
    expect(await offer(callee, third)).toEqual(refused('busy'));
    expect(heard(thirdCaller)).toEqual([
      ['call:end', 'busy'],
      ['call:end', 'busy'],
    ]);
    await quiet();
    expect(callee.all('call:offer').map(({ conversationId }) => conversationId)).toEqual([pair.id]);
    expect(caller.all('call:offer')).toEqual([]);
    expect(await calls(world, third)).toMatchObject([
      { reason: 'busy', caller: third.seeker.sub, duration_s: 0 },
      { reason: 'busy', caller: third.seeker.sub },
      { reason: 'busy', caller: pair.helper.sub },
    ]);
    // Each caller's attempts are told once a minute, and not those of somebody who was in a call.
    expect(await pushesTo(world.sql, pair.helper)).toEqual(['call', 'call_missed']);
    expect(await pushesTo(world.sql, pair.seeker)).toEqual(['call_missed']);
    expect(await pushesTo(world.sql, third.seeker)).toEqual([]);
    await world.sql.query(
      `UPDATE call_records SET started_at = started_at - interval '1 minute' WHERE conversation_id = $1`,
      [third.id],
    );
    expect(await offer(thirdCaller, third)).toEqual(refused('busy'));
    expect(await pushesTo(world.sql, pair.helper)).toEqual(['call', 'call_missed', 'call_missed']);
    await expectOk(caller.ask('call:end', { conversationId: pair.id }));
    await callee.next('call:end', ({ conversationId }) => conversationId === pair.id);
    await expectOk(offer(thirdCaller, third));
  });

  it(`let exactly one of ${CALLERS} who call one person at once ring`, async () => {
    const callers: { own: Pair; socket: TestSocket }[] = [];
    for (let n = 0; n < CALLERS; n++) {
      const own = await companionConversation(world, { helper: pair.helper });
      callers.push({ own, socket: await world.connect(own.seeker, n % 2) });
    }
    const acks = await Promise.all(callers.map(({ own, socket }) => offer(socket, own)));
    expect(acks.filter(({ ok }) => ok)).toHaveLength(1);
    expect(acks.filter((ack) => !ack.ok && ack.error.code === 'busy')).toHaveLength(CALLERS - 1);
    const winner = at(
      callers.filter((_, index) => acks[index]?.ok),
      0,
    );
    await callee.next('call:offer');
    await quiet();
    expect(callee.all('call:offer').map(({ conversationId }) => conversationId)).toEqual([winner.own.id]);
    for (const { socket } of callers) {
      expect(heard(socket)).toEqual(socket === winner.socket ? [] : [['call:end', 'busy']]);
    }
    expect((await pushesTo(world.sql, pair.helper)).toSorted()).toEqual([
      'call',
      ...Array<string>(CALLERS - 1).fill('call_missed'),
    ]);
  });

  it('let one of two who call each other at once ring, and tell the other to answer', async () => {
    for (let round = 1; round <= 20; round++) {
      const acks = await Promise.all([offer(caller, pair), offer(callee, pair)]);
      expect(acks.filter(({ ok }) => ok)).toHaveLength(1);
      expect(acks).toContainEqual(refused('conflict'));
      const [first, second] = at(acks, 0).ok ? [caller, callee] : [callee, caller];
      await second.next('call:offer');
      expect(first.all('call:offer')).toEqual([]);
      await expectOk(first.ask('call:end', { conversationId: pair.id }));
      await second.next('call:end');
      first.seen.length = second.seen.length = 0;
    }
    expect(await calls(world, pair)).toHaveLength(20);
  });

  it('ring again for a repeated offer, as the same call', async () => {
    await expectOk(offer(caller, pair));
    await expectOk(caller.ask('call:ice', { conversationId: pair.id, candidate: candidate(1) }));
    await expectOk(offer(caller, pair));
    expect((await record(world.sql, pair.id))['ringing']).toEqual({
      sdp: JSON.stringify(sdp('offer')),
      candidates: [JSON.stringify(candidate(1))],
    });
    await expectOk(offer(caller, pair, 'another'));
    expect((await record(world.sql, pair.id))['ringing']).toEqual({
      sdp: JSON.stringify(sdp('another')),
      candidates: [],
    });
    await callee.next('call:offer', (one) => one.sdp === sdp('another'));
    expect(callee.all('call:offer')).toHaveLength(3);
    expect(await pushesTo(world.sql, pair.helper)).toEqual(['call']);
    expect(await calls(world, pair)).toHaveLength(1);
  });

  it('keep at most 64 candidates of a ringing call, and nothing of it afterwards', async () => {
    await expectOk(offer(caller, pair));
    for (let n = 0; n < 70; n++) {
      await expectOk(caller.ask('call:ice', { conversationId: pair.id, candidate: candidate(n) }));
    }
    expect((await record(world.sql, pair.id))['ringing']).toMatchObject({ candidates: { length: 64 } });
    await expectOk(callee.ask('call:answer', { conversationId: pair.id, sdp: sdp('answer') }));
    expect(await record(world.sql, pair.id)).toMatchObject({ ringing: null });
    for (let n = 0; n < 70; n++) {
      await expectOk(callee.ask('call:ice', { conversationId: pair.id, candidate: candidate(n) }));
    }
    expect((await record(world.sql, pair.id))['answer']).toMatchObject({ candidates: { length: 64 } });
    // The caller's next signal shows that the answer was heard.
    await expectOk(caller.ask('call:ice', { conversationId: pair.id, candidate: candidate(70) }));
    await callee.next('call:ice', (ice) => JSON.stringify(ice.candidate) === JSON.stringify(candidate(70)));
    expect(JSON.stringify(await record(world.sql, pair.id))).not.toMatch(/192\.0\.2\.7|IP4/);
    expect(callee.all('call:ice')).toHaveLength(71);
  });

  it('are not delayed by strangers who name the conversation', async () => {
    const stranger = await world.connect(await world.person('senior'), 0);
    let free = (): void => undefined;
    const stuck = new Promise<void>((resolve) => (free = resolve));
    const requireMember = jest
      .spyOn(at(world.gateways, 0).app.get(Conversations), 'requireMember')
      .mockImplementationOnce(async () => {
        await stuck;
        throw new KindlineError('forbidden');
      });
    const theirs = stranger.ask('call:ice', { conversationId: pair.id, candidate: candidate('evil') });
    try {
      await eventually('the stranger has come', () => requireMember.mock.calls.length === 1);
      await expectOk(offer(caller, pair));
    } finally {
      free();
      requireMember.mockRestore();
    }
    expect(await theirs).toEqual(refused('forbidden'));
  });

  it('neither let strangers in nor be overheard', async () => {
    const stranger = await world.connect(await world.person('senior'), 0);
    const other = await companionConversation(world, { seeker: pair.seeker });
    const otherHelper = await world.connect(other.helper, 1);
    await talk(pair.id, caller, callee);
    const conversationId = pair.id;
    for (const intruder of [stranger, otherHelper]) {
      for (const [event, more] of [
        ['call:offer', { sdp: sdp('evil') }],
        ['call:answer', { sdp: sdp('evil') }],
        ['call:ice', { candidate: candidate('evil') }],
        ['call:end', {}],
      ] as const) {
        expect(await intruder.ask(event, { conversationId, ...more })).toEqual(refused('forbidden'));
      }
    }
    await expectOk(caller.ask('call:ice', { conversationId, candidate: candidate(1) }));
    await callee.next('call:ice');
    await expectOk(caller.ask('call:end', { conversationId }));
    await callee.next('call:end');
    await quiet();
    expect([heard(stranger), heard(otherHelper)]).toEqual([[], []]);
    expect(
      [...heard(caller), ...heard(callee)].filter(([, what]) => JSON.stringify(what).includes('evil')),
    ).toEqual([]);
  });

  it('are too large to relay beyond 64 KiB of SDP and 4 KiB of candidate, and just not at that', async () => {
    const conversationId = pair.id;
    const large = 'x'.repeat(65_536);
    expect(await caller.ask('call:offer', { conversationId, sdp: `${large}x` })).toMatchObject(
      refused('too_large'),
    );
    expect(
      await caller.ask('call:offer', { conversationId, sdp: { type: 'offer', sdp: `${large}x` } }),
    ).toMatchObject(refused('too_large'));
    await expectOk(caller.ask('call:offer', { conversationId, sdp: large }));
    expect(await callee.next('call:offer')).toEqual({ conversationId, sdp: large });
    const long = 'x'.repeat(4_096);
    expect(await caller.ask('call:ice', { conversationId, candidate: `${long}x` })).toMatchObject(
      refused('too_large'),
    );
    await expectOk(caller.ask('call:ice', { conversationId, candidate: { candidate: long } }));
    expect(await callee.next('call:ice')).toEqual({ conversationId, candidate: { candidate: long } });
  });
});
