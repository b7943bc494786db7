import type { RunningService } from '@kindline/platform';
import { createTestDatabase, type TestDatabase } from '@kindline/testing';
import { io } from 'socket.io-client';
import { at, eventually, type TestSocket, World } from './kit';
import { expectWhole, pairs, settle, Talker } from './talk';

jest.setTimeout(120_000);

const PAIRS = 24;
/** Messages that each side has on their way at any moment: more than fit into the writer's batches, so that it never rests. */
const AT_ONCE = 12;
const STOPPED_WITHIN_MS = 5_000;

describe('a gateway that is told to stop', () => {
  let database: TestDatabase;
  let world: World;
  let leaving: RunningService;
  let staying: RunningService;
  let talkers: Talker[];

  beforeAll(async () => {
    database = await createTestDatabase();
    world = await World.start(database.url, { gateways: 3 });
    staying = at(world.gateways, 2);
  });
  afterAll(async () => {
    await world.stop();
    await database.drop();
  });
  beforeEach(async () => {
    await world.nobodyAvailable();
    talkers = [];
  });
  afterEach(() => {
    for (const talker of talkers) talker.close();
  });

  const stored = async (ids: string[]): Promise<number> => {
    const { rowCount } = await world.sql.query('SELECT FROM messages WHERE id = ANY ($1)', [ids]);
    return rowCount ?? 0;
  };

  /** Says the next thing as soon as the last one is acked, until one is refused or the connection is gone. */
  const keepSaying = (talker: Talker): Promise<void[]> =>
    Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        while (talker.socket.socket.connected && talker.refused === 0) await talker.say();
      }),
    );

  it('is gone within seconds while everybody keeps talking, and loses nothing that it acked', async () => {
    leaving = at(world.gateways, 0);
    for (let pair = 0; pair < PAIRS; pair++) {
      const { user, volunteer, chatId } = await world.chat();
      const sides = [new Talker(user, chatId), new Talker(volunteer, chatId)] as const;
      for (const side of sides) await side.connect(leaving.port);
      talkers.push(...sides);
    }
    const reasons: string[] = [];
    for (const { socket } of talkers) socket.socket.once('disconnect', (reason) => reasons.push(reason));
    const loops = talkers.map(keepSaying);
    await eventually('everybody talks', () => talkers.every(({ acked }) => acked.size > 2 * AT_ONCE));

    let gone = false;
    // Nobody waits for an answer that never comes.
    void Promise.all([leaving.stop(), ...loops]).then(() => (gone = true));
    await eventually('it is gone, and everybody has been answered', () => gone, STOPPED_WITHIN_MS);

    for (const { socket } of talkers) expect(socket.all('server_draining')).toHaveLength(1);
    // Clients connect again by themselves after this one, and only after this one.
    expect(reasons).toEqual(talkers.map(() => 'transport close'));
    expect(new Set(talkers.flatMap(({ refusals }) => refusals))).toEqual(new Set(['unavailable']));
    const acked = talkers.flatMap((talker) => [...talker.acked.values()].map(({ id }) => id));
    expect(await stored(acked)).toBe(acked.length);

    await Promise.all(talkers.map((talker) => talker.connect(staying.port)));
    await settle(talkers);
    for (const sides of pairs(talkers)) await expectWhole(world.sql, sides);
  });

  it('answers what it has taken, and takes nothing more', async () => {
    leaving = at(world.gateways, 1);
    const { user, volunteer, chatId } = await world.chat();
    const [userSocket, volunteerSocket] = [await world.connect(user, 1), await world.connect(volunteer, 2)];
    // Nothing can be written to the conversation while we hold it.
    const holder = await world.sql.connect();
    let stopping: Promise<void>;
    let taken: ReturnType<TestSocket['send']>;
    try {
      await holder.query('BEGIN');
      await holder.query('SELECT FROM conversations WHERE id = $1 FOR UPDATE', [chatId]);
      taken = userSocket.send(chatId, 'just before');
      await eventually('the message waits for its commit', async () => {
        const { rows } = await world.sql.query(
          `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
        );
        return rows.length > 0;
      });
      stopping = leaving.stop();
      await userSocket.next('server_draining');
      expect(await userSocket.send(chatId, 'too late')).toMatchObject({
        ok: false,
        error: { code: 'unavailable' },
      });
      const late = io(`http://127.0.0.1:${leaving.port}`, {
        auth: { token: user.token },
        transports: ['websocket'],
        forceNew: true,
      });
      // It goes on trying until it reaches another replica.
      let refusals = 0;
      late.on('connect_error', () => refusals++);
      await eventually('it has been refused twice', () => refusals === 2);
      late.disconnect();
      expect(userSocket.socket.connected).toBe(true);
    } finally {
      await holder.query('ROLLBACK');
      holder.release();
    }
    expect(await taken).toMatchObject({ ok: true, seq: 1 });
    await stopping;
    expect(await volunteerSocket.next('chat_message')).toMatchObject({ message: 'just before' });
    const again = await world.connect(user, 2);
    expect(await again.send(chatId, 'elsewhere')).toMatchObject({ ok: true, seq: 2 });
    await volunteerSocket.next('chat_message', ({ seq }) => seq === 2);
  });
});
