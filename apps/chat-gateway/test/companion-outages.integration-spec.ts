import { createTestDatabase, startRedis, type OwnServer, type TestDatabase } from '@kindline/testing';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startScheduler } from '../../scheduler/src/start';
import { CatchUp } from '../src/delivery/catch-up';
import { accept, cancel, companions, done, request, send } from './companion-kit';
import { type TestSocket, World } from './kit';
import { Subscriptions } from './unheard';

jest.setTimeout(60_000);

/** Far below the 15 s after which the gateways compare with the database anyway. */
const SOON_MS = 4_000;

describe('companions whose gateways are deaf for a while', () => {
  let database: TestDatabase;
  let world: World;
  let subscriptions: Subscriptions;

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
  afterEach(() => subscriptions.mend());

  const people = async (): Promise<{ senior: TestSocket; volunteers: [TestSocket, TestSocket] }> => ({
    senior: await world.connect(await world.person('senior'), 0),
    volunteers: [
      await world.connect(await world.person('volunteer'), 0),
      await world.connect(await world.person('volunteer'), 1),
    ],
  });
  const of =
    ({ person }: TestSocket) =>
    ({ seniorId }: { seniorId?: string }): boolean =>
      seniorId === person.sub;
  const compareAgain = async (): Promise<void> => {
    for (const { app } of world.gateways) await app.get(CatchUp).run();
  };

  it('are shown a request that was made meanwhile, once', async () => {
    const { senior, volunteers } = await people();
    await subscriptions.unheard(() => request(senior, 'chat', 'anyone?'));
    for (const volunteer of volunteers) {
      await volunteer.next('seeker:incoming', of(senior), SOON_MS);
      await compareAgain();
      expect(volunteer.all('seeker:incoming').filter(of(senior))).toHaveLength(1);
    }
    await cancel(senior);
  });

  it('see a request go that was cancelled meanwhile, once', async () => {
    const { senior, volunteers } = await people();
    await request(senior);
    for (const volunteer of volunteers) await volunteer.next('seeker:incoming', of(senior));
    await subscriptions.unheard(() => cancel(senior));
    for (const volunteer of volunteers) {
      await volunteer.next('request:cancelled', (one) => 'seniorId' in one && of(senior)(one), SOON_MS);
      await compareAgain();
      expect(volunteer.all('request:cancelled')).toHaveLength(1);
      expect(volunteer.all('seeker:incoming').filter(of(senior))).toHaveLength(1);
    }
    expect(await senior.next('request:cancelled')).toEqual({ status: 'cancelled' });
  });

  it.each(['cancelled', 'accepted'])(
    'keep the newer request of a senior whose first one was %s meanwhile',
    async (what) => {
      const { senior, volunteers } = await people();
      const [first, second] = volunteers;
      done(await request(senior));
      for (const volunteer of volunteers) await volunteer.next('seeker:incoming', of(senior));
      let newer = '';
      await subscriptions.unheard(async () => {
        if (what === 'cancelled') done(await cancel(senior));
        else done(await accept(first, senior.person));
        newer = done(await request(senior)).requestId;
      });
      await second.next('seeker:incoming', ({ requestId }) => requestId === newer, SOON_MS);
      await compareAgain();
      await second.ask('messages:sync', { conversationId: 'nothing', afterSeq: 0 });
      const events = second.seen.filter(({ payload }) => of(senior)((payload ?? {}) as object));
      // The end of the first one, which names the senior only, must not be the last word.
      expect(events.at(-1)).toMatchObject({ event: 'seeker:incoming', payload: { requestId: newer } });
      expect(senior.all('request:cancelled')).toEqual([]);
      await cancel(senior);
    },
  );

  it('begin what was accepted meanwhile, and the others see that it is taken', async () => {
    const { senior, volunteers } = await people();
    const [winner, other] = volunteers;
    await request(senior);
    for (const volunteer of volunteers) await volunteer.next('seeker:incoming', of(senior));
    await subscriptions.unheard(() => accept(winner, senior.person));
    for (const member of [senior, winner]) {
      const session = await member.next('session:started', of(senior), SOON_MS);
      expect(session.volunteerId).toBe(winner.person.sub);
      await compareAgain();
      expect(member.all('session:started')).toHaveLength(1);
    }
    expect(await other.next('request:claimed', of(senior), SOON_MS)).toEqual({
      seniorId: senior.person.sub,
      volunteerId: winner.person.sub,
    });
  });

  it('get every message that was sent meanwhile, in order', async () => {
    const { senior, volunteer, conversationId } = await companions(world);
    await subscriptions.unheard(async () => {
      for (let n = 1; n <= 20; n++) done(await send(senior, conversationId, `message ${n}`));
    });
    await volunteer.next('message:new', ({ seq }) => seq === 20, SOON_MS);
    expect(volunteer.all('message:new').map(({ seq }) => seq)).toEqual(
      Array.from({ length: 20 }, (_, n) => n + 1),
    );
  });
});

describe('a request that is made while Redis is away', () => {
  let database: TestDatabase;
  let redis: OwnServer;
  let world: World;

  beforeAll(async () => {
    database = await createTestDatabase();
    redis = await startRedis();
    world = await World.start(database.url, { redisUrl: redis.url });
  });
  afterAll(async () => {
    await world.stop();
    await redis.dispose();
    await database.drop();
  });

  it('is made all the same, and shown everywhere when Redis is back', async () => {
    const senior = await world.connect(await world.person('senior'), 0);
    const volunteers = [
      await world.connect(await world.person('volunteer'), 0),
      await world.connect(await world.person('volunteer'), 1),
    ];
    await redis.stop();
    // Only those on the same gateway can be counted.
    const { requestId } = done(await request(senior));
    await redis.start();
    for (const volunteer of volunteers) {
      await volunteer.next('seeker:incoming', (asked) => asked.requestId === requestId, 20_000);
    }
    done(await accept(volunteers[1] as TestSocket, senior.person));
    await senior.next('session:started', undefined, 20_000);
  });
});

describe('what nobody answers or ends', () => {
  let database: TestDatabase;
  let world: World;
  const folder = mkdtempSync(join(tmpdir(), 'kindline-programs-'));

  beforeAll(async () => {
    const file = join(folder, 'programs.json');
    writeFileSync(file, JSON.stringify({ companion: { expireAfter: '1500ms', inactivityAfter: '1500ms' } }));
    database = await createTestDatabase();
    world = await World.start(database.url, { more: { PROGRAMS_FILE: file } });
    world.stopLater(await startScheduler(world.env));
  });
  afterAll(async () => {
    await world.stop();
    await database.drop();
    rmSync(folder, { recursive: true });
  });

  it('expires, and the senior and the volunteers hear it', async () => {
    const senior = await world.connect(await world.person('senior'), 0);
    const volunteer = await world.connect(await world.person('volunteer'), 1);
    done(await request(senior));
    expect(await senior.next('request:cancelled')).toEqual({ status: 'expired' });
    expect(await volunteer.next('request:cancelled')).toEqual({ seniorId: senior.person.sub });
    expect(await accept(volunteer, senior.person)).toMatchObject({ ok: false, error: { code: 'not_found' } });
  });

  it('is ended after the silence by the system', async () => {
    const { senior, volunteer, conversationId } = await companions(world);
    await send(senior, conversationId, 'hello?');
    for (const member of [senior, volunteer]) {
      expect(await member.next('chat:ended')).toEqual({
        conversationId,
        endedBy: 'system',
        reason: 'inactivity',
      });
    }
  });
});
