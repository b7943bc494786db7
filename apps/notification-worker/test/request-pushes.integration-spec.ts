import { eventually } from '@kindline/testing';
import { randomUUID } from 'node:crypto';
import { RequestPushes } from '../src/requests/request-pushes';
import { CompanionKit } from './companion-kit';
import { type Owner, PushWorld } from './push-world';

jest.setTimeout(60_000);
const OFFLINE_PUSH_SIZE = 3;

describe('the push for a new request of companion', () => {
  let world: PushWorld;
  let companion: CompanionKit;

  beforeAll(async () => {
    world = await PushWorld.start({ programs: { companion: { offlinePushSize: OFFLINE_PUSH_SIZE } } });
    await world.secondWorker();
    companion = new CompanionKit(world);
  });
  afterAll(() => world.stop());
  beforeEach(async () => {
    // Nobody of the tests before is asked.
    await world.sql.query('UPDATE helper_profiles SET active = false');
  });

  const volunteers = (count: number, tokenPrefix?: string): Promise<Owner[]> =>
    Promise.all(Array.from({ length: count }, () => world.owner('volunteer', tokenPrefix)));
  const connected = async (people: Owner[]): Promise<Owner[]> => {
    for (const person of people) await world.connect(person);
    return people;
  };
  /** Those of them to whom the request was pushed, each once. */
  const askedFor = async (requestId: string, among: Owner[]): Promise<Owner[]> => {
    await world.idle();
    const pushes = await Promise.all(among.map((person) => world.pushes(person, 'seeker_request')));
    for (const own of pushes) expect(own.length).toBeLessThanOrEqual(1);
    return among.filter((_, index) => pushes[index]?.some(({ data }) => data['session_id'] === requestId));
  };

  it('goes to everyone who is connected, and to nobody else', async () => {
    const online = await connected(await volunteers(5));
    const offline = await volunteers(2);
    const requestId = await companion.request(await world.owner('senior'));
    await companion.push(requestId);
    expect(await askedFor(requestId, [...online, ...offline])).toEqual(online);
  });

  it('goes to at most offlinePushSize who have a device while nobody is connected', async () => {
    const [offline, without] = [await volunteers(6), await volunteers(6, '')];
    const requestId = await companion.request(await world.owner('senior'));
    await companion.push(requestId);
    expect(await askedFor(requestId, offline)).toHaveLength(OFFLINE_PUSH_SIZE);
    for (const helper of without) expect(await world.deliveries(helper)).toEqual([]);
  });

  it('leaves out who has no device, who has rejected it, and the one who asks', async () => {
    const [asked, rejecting, asking] = await connected(await volunteers(3));
    const [without] = await connected(await volunteers(1, ''));
    if (!asked || !rejecting || !asking || !without) throw new Error('not enough volunteers');
    const requestId = await companion.request(asking);
    await companion.reject(requestId, rejecting);
    await companion.push(requestId);
    expect(await askedFor(requestId, [asked, rejecting, asking])).toEqual([asked]);
    expect(await world.deliveries(without)).toEqual([]);
  });

  it('asks nobody who is not connected because everyone who is has rejected it', async () => {
    const [online] = await connected(await volunteers(1));
    const offline = await volunteers(2);
    if (!online) throw new Error('nobody is online');
    const requestId = await companion.request(await world.owner('senior'));
    await companion.reject(requestId, online);
    await companion.push(requestId);
    expect(await askedFor(requestId, [online, ...offline])).toEqual([]);
  });

  it('is made and counted once, however often the job runs', async () => {
    const [helper] = await connected(await volunteers(1));
    if (!helper) throw new Error('nobody is online');
    const requestId = await companion.request(await world.owner('senior'));
    await companion.push(...Array.from({ length: 8 }, () => requestId));
    expect(await askedFor(requestId, [helper])).toEqual([helper]);
    await companion.push(requestId);
    await world.idle();
    expect(await companion.window(helper)).toEqual({ suppressed: 0, held: [] });
  });

  it('is one push for several requests of one moment', async () => {
    const [helper] = await connected(await volunteers(1));
    if (!helper) throw new Error('nobody is online');
    const requests = await Promise.all(
      Array.from({ length: 6 }, async () => companion.request(await world.owner('senior'))),
    );
    await companion.push(...requests);
    await world.idle();
    const pushes = await world.pushes(helper);
    expect(pushes).toHaveLength(1);
    // The first job takes all that are there by then, and later ones are held.
    const { suppressed = 0 } = (await companion.window(helper)) ?? {};
    expect(Number(pushes[0]?.data['folded'] ?? 0) + suppressed).toBe(5);
  });

  it('is not made for a request that is over or unknown', async () => {
    const [helper] = await connected(await volunteers(1));
    if (!helper) throw new Error('nobody is online');
    const requestId = await companion.request(await world.owner('senior'));
    await companion.cancel(requestId);
    await companion.push(requestId, randomUUID(), 'no id');
    await world.idle();
    expect(await world.deliveries(helper)).toEqual([]);
  });

  it('is made once Redis is back when it was away', async () => {
    const requestId = await companion.request(await world.owner('senior'));
    const [helper] = await volunteers(1);
    if (!helper) throw new Error('nobody is there');
    await world.redis.stop();
    try {
      await companion.push(requestId);
      await eventually('the job has failed', async () => {
        const { rows } = await world.sql.query(`SELECT FROM push._private_jobs WHERE last_error IS NOT NULL`);
        return rows.length === 1;
      });
      await expect(world.worker.app.get(RequestPushes).run(requestId)).rejects.toThrow();
      expect(await world.deliveries(helper)).toEqual([]);
    } finally {
      await world.redis.start();
    }
    expect(await askedFor(requestId, [helper])).toEqual([helper]);
  });
});
