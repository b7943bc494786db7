import { Conversations } from '@kindline/domain';
import { createTestDatabase, type TestDatabase } from '@kindline/testing';
import { Redis } from 'ioredis';
import { CallKeeper } from '../src/calls/call-keeper';
import { startChatGateway } from '../src/start';
import {
  calls,
  candidate,
  carried,
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

jest.setTimeout(60_000);

describe('who carries a call', () => {
  let database: TestDatabase;
  let world: World;
  let redis: Redis;
  let pair: Pair;
  let conversationId: string;
  let caller: TestSocket;

  beforeAll(async () => {
    database = await createTestDatabase();
    world = await World.start(database.url);
    redis = new Redis(world.env.REDIS_URL);
  });
  afterAll(async () => {
    redis.disconnect();
    await world.stop();
    await database.drop();
  });
  beforeEach(async () => {
    pair = await companionConversation(world);
    conversationId = pair.id;
    caller = await world.connect(pair.seeker, 0);
  });

  const offer = (): Promise<void> =>
    expectOk(caller.ask('call:offer', { conversationId, sdp: sdp('offer') }));
  const ice = (socket: TestSocket, what: string | number): Promise<unknown> =>
    socket.ask('call:ice', { conversationId, candidate: candidate(what) });
  const lost = (side: 'caller' | 'callee', withinMs?: number): Promise<Date> =>
    eventually(
      `${side} is lost`,
      async () => {
        const at = (await record(world.sql, conversationId))[`${side}_lost_at`];
        return at instanceof Date ? at : undefined;
      },
      withinMs,
    );

  it('a callee whom the push woke gets the offer and its candidates, then what follows', async () => {
    await offer();
    for (const n of [1, 2]) await expectOk(ice(caller, n));
    // Candidates keep coming while they connect: each is shown once, in its order.
    let callee: TestSocket | undefined;
    const connecting = world.connect(pair.helper, 1).then((socket) => (callee = socket));
    let last = 2;
    while (!callee && last < 60) await expectOk(ice(caller, ++last));
    await expectOk(ice(caller, ++last));
    callee = await connecting;
    await callee.next(
      'call:ice',
      ({ candidate: ice }) => JSON.stringify(ice) === JSON.stringify(candidate(last)),
    );
    await quiet();
    expect(heard(callee)).toEqual([
      ['call:offer', sdp('offer')],
      ...Array.from({ length: last }, (_, n) => ['call:ice', candidate(n + 1)]),
    ]);
    await expectOk(callee.ask('call:answer', { conversationId, sdp: sdp('answer') }));
    await caller.next('call:answer');
    // Who comes now is not called.
    const later = await world.connect(pair.helper, 0);
    await quiet();
    expect(heard(later)).toEqual([]);
  });

  it('a phone that comes back within 30 seconds carries on, and hears what is meant for it', async () => {
    const callee = await world.connect(pair.helper, 1);
    const tablet = await world.connect(pair.helper, 0);
    await talk(conversationId, caller, callee);
    callee.close();
    const lostAt = await lost('callee');
    const { id } = await record(world.sql, conversationId);
    const timers = await timersOf(world.sql, id);
    expect(timers.map(({ task, run_at }) => [task, run_at.getTime() - lostAt.getTime()])).toEqual([
      ['call.lost', 30_000],
      ['call.end', expect.any(Number)],
    ]);
    const back = await world.connect(pair.helper, 0);
    await carried(world.sql, conversationId, 'callee', back);
    expect((await timersOf(world.sql, id)).map(({ task }) => task)).toEqual(['call.end']);
    await runTimer(world, at(timers, 0));
    await expectOk(ice(caller, 'after'));
    await back.next('call:ice');
    await expectOk(back.ask('call:offer', { conversationId, sdp: sdp('restart') }));
    await caller.next('call:offer');
    await quiet();
    expect(heard(tablet)).toEqual([
      ['call:offer', sdp('offer')],
      ['call:end', 'answered_elsewhere'],
    ]);
    expect(await calls(world, pair)).toMatchObject([{ status: 'active' }]);
  });

  it('while a phone is away, what is meant for it goes to all devices of its person', async () => {
    const callee = await world.connect(pair.helper, 1);
    const tablet = await world.connect(pair.helper, 0);
    await talk(conversationId, caller, callee);
    callee.close();
    await lost('callee');
    await expectOk(ice(caller, 'away'));
    await tablet.next('call:ice');
    // And who speaks up carries the side from then on.
    await expectOk(ice(tablet, 'here'));
    await carried(world.sql, conversationId, 'callee', tablet);
    const { id } = await record(world.sql, conversationId);
    expect((await timersOf(world.sql, id)).map(({ task }) => task)).toEqual(['call.end']);
  });

  it('a peer that stays away ends the call: the other one hears it', async () => {
    const callee = await world.connect(pair.helper, 1);
    await talk(conversationId, caller, callee);
    callee.close();
    await lost('callee');
    const [timer] = await timersOf(world.sql, (await record(world.sql, conversationId))['id']);
    if (timer) await runTimer(world, timer);
    expect(await caller.next('call:end')).toEqual({ conversationId, reason: 'lost' });
    expect(await calls(world, pair)).toMatchObject([{ status: 'ended', reason: 'lost' }]);
    const back = await world.connect(pair.helper, 0);
    expect(await ice(back, 'late')).toEqual(refused('not_found'));
  });

  it('a caller who vanishes while it rings is lost as well, and was missed', async () => {
    const callee = await world.connect(pair.helper, 1);
    await offer();
    caller.close();
    await lost('caller');
    const timers = await timersOf(world.sql, (await record(world.sql, conversationId))['id']);
    expect(timers.map(({ task }) => task)).toEqual(['call.lost', 'call.ring']);
    await runTimer(world, at(timers, 0));
    expect(await callee.next('call:end')).toEqual({ conversationId, reason: 'lost' });
    expect(await pushesTo(world.sql, pair.helper)).toEqual(['call', 'call_missed']);
  });

  it('a phone that changed networks takes over from its old socket, which is refused from then on', async () => {
    const callee = await world.connect(pair.helper, 1);
    await talk(conversationId, caller, callee);
    const roaming = await world.connect(pair.seeker, 1);
    await expectOk(ice(roaming, 'new network'));
    await callee.next('call:ice');
    await carried(world.sql, conversationId, 'caller', roaming);
    expect(await ice(caller, 'old network')).toEqual(refused('answered_elsewhere'));
    await expectOk(ice(callee, 'to the new one'));
    await roaming.next('call:ice');
    caller.close();
    await quiet();
    expect(await record(world.sql, conversationId)).toMatchObject({ status: 'active', caller_lost_at: null });
    await expectOk(roaming.ask('call:end', { conversationId }));
    expect(await callee.next('call:end')).toEqual({ conversationId, reason: 'ended' });
  });

  it('a new socket that says nothing carries on when the old one is found dead, and hears the end meanwhile', async () => {
    const callee = await world.connect(pair.helper, 1);
    await talk(conversationId, caller, callee);
    const roaming = await world.connect(pair.seeker, 1);
    await eventually(
      'it is noted',
      async () => (await record(world.sql, conversationId))['caller_next_socket'] === roaming.socket.id,
    );
    caller.close();
    await carried(world.sql, conversationId, 'caller', roaming);
    const third = await world.connect(pair.seeker, 0);
    await eventually(
      'that one, too',
      async () => (await record(world.sql, conversationId))['caller_next_socket'] === third.socket.id,
    );
    await expectOk(callee.ask('call:end', { conversationId }));
    for (const socket of [roaming, third]) {
      expect(await socket.next('call:end')).toEqual({ conversationId, reason: 'ended' });
    }
  });

  it('a device that answers and leaves before that is done is lost', async () => {
    const callee = await world.connect(pair.helper, 1);
    await offer();
    await callee.next('call:offer');
    const waiting = (count: number): Promise<unknown> =>
      eventually(`${count} wait for the conversation`, async () => {
        const { rows } = await world.sql.query(
          `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
        );
        return rows.length === count;
      });
    const holder = await world.sql.connect();
    try {
      await holder.query('BEGIN');
      await holder.query('SELECT FROM conversations WHERE id = $1 FOR UPDATE', [conversationId]);
      // The answer waits for its turn behind the candidate; that the socket has gone overtakes it.
      callee.socket.emit('call:ice', { conversationId, candidate: candidate(1) });
      callee.socket.emit('call:answer', { conversationId, sdp: sdp('answer') });
      await waiting(1);
      callee.close();
      await waiting(2);
    } finally {
      await holder.query('ROLLBACK');
      holder.release();
    }
    await caller.next('call:answer');
    // Not only when the gateway compares, every 10 s.
    await lost('callee', 1_000);
  });

  it('a conversation that ends takes its call with it, in the same transaction', async () => {
    const callee = await world.connect(pair.helper, 1);
    await talk(conversationId, caller, callee);
    await at(world.apis, 0).app.get(Conversations).end(conversationId, 'system', 'inactivity');
    const end = { conversationId, reason: 'conversation_ended' };
    expect(await Promise.all([caller.next('call:end'), callee.next('call:end')])).toEqual([end, end]);
    expect(await calls(world, pair)).toMatchObject([{ reason: 'conversation_ended', status: 'ended' }]);
    expect(await caller.ask('call:offer', { conversationId, sdp: sdp('again') })).toEqual(
      refused('conversation_ended'),
    );
    await expectOk(caller.ask('call:end', { conversationId, quality: { mos: 3 } }));
    expect(await calls(world, pair)).toMatchObject([{ quality_by: { [pair.seeker.sub]: { mos: 3 } } }]);
  });

  it('a gateway that is stopped hands its calls over: whoever connects elsewhere carries on', async () => {
    const leaving = world.stopLater(await startChatGateway(world.env));
    world.gateways.push(leaving);
    const callee = await world.connect(pair.helper, 2);
    await talk(conversationId, caller, callee);
    await leaving.stop();
    world.gateways.pop();
    // It is on record before the gateway is gone.
    expect((await record(world.sql, conversationId))['callee_lost_at']).toBeInstanceOf(Date);
    const back = await world.connect(pair.helper, 1);
    await carried(world.sql, conversationId, 'callee', back);
    await expectOk(ice(caller, 'after'));
    await back.next('call:ice');
  });

  it('sides that were given up by mistake, and sockets whose leaving was not written, are put right', async () => {
    const callee = await world.connect(pair.helper, 1);
    await talk(conversationId, caller, callee);
    await world.sql.query('UPDATE call_records SET caller_lost_at = now() WHERE conversation_id = $1', [
      conversationId,
    ]);
    const keeper = at(world.gateways, 0).app.get(CallKeeper);
    await keeper.compare();
    expect(await record(world.sql, conversationId)).toMatchObject({ caller_lost_at: null });
    await world.sql.query(`UPDATE call_records SET caller_socket = 'gone' WHERE conversation_id = $1`, [
      conversationId,
    ]);
    await keeper.compare();
    await lost('caller');
    // A gateway that nobody knows of any more.
    await world.sql.query(
      `UPDATE call_records SET caller_lost_at = NULL, caller_gateway = 'forgotten' WHERE conversation_id = $1`,
      [conversationId],
    );
    await keeper.compare();
    expect(await record(world.sql, conversationId)).toMatchObject({ caller_lost_at: null });
    await keeper.compare();
    await lost('caller');
  });

  it('an offer that could not be told is answered with unavailable, and rings when it is sent again', async () => {
    const callee = await world.connect(pair.helper, 1);
    await redis.call('ACL', 'SETUSER', 'default', '-publish');
    try {
      expect(await caller.ask('call:offer', { conversationId, sdp: sdp('offer') })).toEqual(
        refused('unavailable'),
      );
      await quiet();
      expect(heard(callee)).toEqual([]);
    } finally {
      await redis.call('ACL', 'SETUSER', 'default', '+publish');
    }
    await offer();
    await callee.next('call:offer');
    expect(await calls(world, pair)).toHaveLength(1);
  });

  it('an end that a gateway did not hear is found when Redis is back', async () => {
    const callee = await world.connect(pair.helper, 1);
    await talk(conversationId, caller, callee);
    await redis.call('ACL', 'SETUSER', 'default', '-subscribe');
    await redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    try {
      await expectOk(caller.ask('call:end', { conversationId }));
      await eventually('nothing is left to announce', async () => {
        const { rows } = await world.sql.query('SELECT FROM announce._private_jobs LIMIT 1');
        return rows.length === 0;
      });
      expect(callee.all('call:end')).toEqual([]);
    } finally {
      await redis.call('ACL', 'SETUSER', 'default', '+subscribe');
    }
    expect(await callee.next('call:end')).toEqual({ conversationId, reason: 'ended' });
    await quiet();
    expect(callee.all('call:end')).toHaveLength(1);
  });
});
