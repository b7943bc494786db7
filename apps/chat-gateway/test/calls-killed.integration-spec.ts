import {
  type Build,
  buildServices,
  createTestDatabase,
  type ServiceProcess,
  startServiceProcess,
  type TestDatabase,
} from '@kindline/testing';
import { startScheduler } from '../../scheduler/src/start';
import { calls, carried, companionConversation, expectOk, record, sdp, talk } from './call-kit';
import { at, eventually, TestSocket, World } from './kit';

jest.setTimeout(120_000);

const LOST_AFTER_MS = 30_000;
/** The lease lapses after 12 s and is looked for every 5 s; timers are looked for every 0.5 s. */
const FOUND_WITHIN_MS = 20_000;

describe('kill -9 of the gateway that carries one side of a call', () => {
  let compiled: Build;
  let database: TestDatabase;
  let world: World;

  const startVictim = async (): Promise<ServiceProcess> =>
    world.stopLater(
      await startServiceProcess(compiled, 'chat-gateway', { ...world.env, CHAT_GATEWAY_PORT: '0' }),
    );

  beforeAll(async () => {
    compiled = buildServices();
    database = await createTestDatabase();
    world = await World.start(database.url, { gateways: 1 });
    world.stopLater(await startScheduler(world.env));
  });
  afterAll(async () => {
    await world.stop();
    await database.drop();
    compiled.remove();
  });

  it('ends the call 30 seconds later, unless that side comes back to another one', async () => {
    const victim = await startVictim();
    const pairs = [await companionConversation(world), await companionConversation(world)] as const;
    const [lost, kept] = pairs;
    const callers = [];
    for (const { id, seeker, helper } of pairs) {
      const caller = await world.connect(seeker, 0);
      await talk(id, caller, world.closeLater(await TestSocket.connect(victim.port, helper)));
      callers.push(caller);
    }
    const killedAt = Date.now();
    await victim.kill();

    const back = await world.connect(kept.helper, 0);
    const lostAt = await eventually(
      'the side is lost',
      async () => ((await record(world.sql, lost.id))['callee_lost_at'] as Date | null) ?? undefined,
      FOUND_WITHIN_MS,
    );
    // As of the last sign of life.
    expect(lostAt.getTime()).toBeLessThanOrEqual(killedAt + 500);
    const end = await at(callers, 0).next('call:end', undefined, LOST_AFTER_MS + 5_000);
    expect(end).toEqual({ conversationId: lost.id, reason: 'lost' });
    const [ended] = await calls(world, lost);
    expect(ended).toMatchObject({ status: 'ended', reason: 'lost' });
    const after = new Date(ended?.ended_at ?? 0).getTime() - lostAt.getTime();
    expect(after).toBeGreaterThanOrEqual(LOST_AFTER_MS);
    expect(after).toBeLessThan(LOST_AFTER_MS + 5_000);

    await carried(world.sql, kept.id, 'callee', back);
    await expectOk(at(callers, 1).ask('call:offer', { conversationId: kept.id, sdp: sdp('restart') }));
    await back.next('call:offer');
    expect(await calls(world, kept)).toMatchObject([{ status: 'active' }]);
  });
});
