import {
  NEWS_PUBLISHER,
  type NewsPublisher,
  PresenceDirectory,
  type Roster,
  Rosters,
} from '@kindline/domain';
import { createTestDatabase, type OwnServer, startRedis, type TestDatabase } from '@kindline/testing';
import type { RunningService } from '@kindline/platform';
import { CatchUp } from '../src/delivery/catch-up';
import { at, eventually, pushDue, type Sent, type TestPerson, type TestSocket, World } from './kit';

jest.setTimeout(60_000);

/** How many conversations a gateway remembers the members of. */
const MOST_ROSTERS = 50_000;

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);
const id = (sent: Sent): unknown => (sent.ok ? [sent.id, sent.seq] : sent.error.code);
const publisherOf = (service: RunningService): NewsPublisher =>
  service.app.get<NewsPublisher>(NEWS_PUBLISHER);

describe('messages over two gateway replicas', () => {
  let database: TestDatabase;
  let redis: OwnServer;
  let world: World;
  let user: TestPerson;
  let volunteer: TestPerson;
  let chatId: string;
  /** The user is on the first replica, the volunteer on the second. */
  let userSocket: TestSocket;
  let volunteerSocket: TestSocket;

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
  beforeEach(async () => {
    await world.nobodyAvailable();
    ({ user, volunteer, chatId } = await world.chat());
    userSocket = await world.connect(user, 0);
    volunteerSocket = await world.connect(volunteer, 1);
  });
  afterEach(() => jest.restoreAllMocks());

  async function history(): Promise<{ seq: number; id: string; content: string }[]> {
    const synced = await userSocket.sync(chatId, 0);
    if (!synced.ok) throw new Error(synced.error.code);
    expect(synced.has_more).toBe(false);
    return synced.messages;
  }

  const arrived = (socket: TestSocket, count: number): Promise<number[]> =>
    eventually(`${count} messages for ${socket.person.sub}`, () => {
      const seqs = socket.messages(chatId).map(({ seq }) => seq);
      return seqs.length >= count && seqs;
    });

  it('stores a message that is sent again with its client id once, and shows it once', async () => {
    const first = await userSocket.send(chatId, 'hello', { client_id: 'a' });
    const again = await userSocket.send(chatId, 'hello', { client_id: 'a' });
    expect([first.ok && first.duplicate, again.ok && again.duplicate]).toEqual([false, true]);
    expect(id(again)).toEqual(id(first));
    await userSocket.send(chatId, 'next');
    expect(await arrived(volunteerSocket, 2)).toEqual([1, 2]);
  });

  it('stores messages that one person sends through both replicas at the same moment once each, without a gap', async () => {
    const elsewhere = await world.connect(user, 1);
    const [here, there] = await Promise.all(
      [userSocket, elsewhere].map((socket) =>
        Promise.all(upTo(50).map((n) => socket.send(chatId, `m${n}`, { client_id: `c${n}` }))),
      ),
    );
    if (!here || !there) throw new Error('two were sent');
    expect(here.map(id)).toEqual(there.map(id));
    expect([...here, ...there].filter((sent) => sent.ok && sent.duplicate)).toHaveLength(50);
    expect((await history()).map(({ seq }) => seq)).toEqual(upTo(50));
    expect(await arrived(volunteerSocket, 50)).toEqual(upTo(50));
  });

  it('stores a client id that comes twice in one batch once, and fails none of its neighbours', async () => {
    const sent = await Promise.all(
      ['a', 'b', 'a', 'c', 'a', 'd'].map((client_id) => userSocket.send(chatId, client_id, { client_id })),
    );
    expect(sent.map((one) => one.ok && one.seq)).toEqual([1, 2, 1, 3, 1, 4]);
    expect((await history()).map(({ content }) => content)).toEqual(['a', 'b', 'c', 'd']);
    expect(await arrived(volunteerSocket, 4)).toEqual([1, 2, 3, 4]);
  });

  it('refuses each bad message of a batch alone', async () => {
    const stranger = await world.person('user');
    const sent = await Promise.all([
      userSocket.send(chatId, 'good'),
      userSocket.send(chatId, 'x'.repeat(8193)),
      userSocket.send(chatId, 'NUL \u0000'),
      userSocket.send(chatId, 'half a pair \ud800'),
      userSocket.send(chatId, ''),
      userSocket.send('01890000-0000-7000-8000-000000000000', 'nowhere'),
      userSocket.ask<Sent>('chat_message', {
        chat_id: chatId,
        sender_mail: volunteer.email,
        message: 'not me',
      }),
      userSocket.ask<Sent>('chat_message', {
        chat_id: chatId,
        sender_mail: user.email,
        reciever_mail: stranger.email,
        message: 'to a stranger',
      }),
      userSocket.send(chatId, 'x'.repeat(8192)),
    ]);
    expect(sent.map((one) => (one.ok ? one.seq : one.error.code))).toEqual([
      1,
      'too_large',
      'validation_failed',
      'validation_failed',
      'validation_failed',
      'not_found',
      'forbidden',
      'forbidden',
      2,
    ]);
    expect(await arrived(volunteerSocket, 2)).toEqual([1, 2]);
    expect(userSocket.socket.connected).toBe(true);
  });

  it('brings 500 messages of both sides to every socket in their order, without a gap', async () => {
    const sockets = [
      userSocket,
      await world.connect(user, 1),
      volunteerSocket,
      await world.connect(volunteer, 0),
    ];
    const write = (socket: TestSocket): Promise<Sent[]> =>
      Promise.all(
        upTo(250).map(async (n) => {
          // A few at a time, so that batches of both replicas mix.
          if (n % 5 === 0) await new Promise(setImmediate);
          return socket.send(chatId, `m${n}`);
        }),
      );
    const [byUser, byVolunteer] = await Promise.all([write(userSocket), write(volunteerSocket)]);
    const seqs = (acks: Sent[]): number[] => acks.map((ack) => (ack.ok ? ack.seq : 0)).sort((a, b) => a - b);
    expect([...seqs(byUser), ...seqs(byVolunteer)].sort((a, b) => a - b)).toEqual(upTo(500));
    const [first, second, third, fourth] = await Promise.all(
      sockets.map((socket) =>
        arrived(socket, socket === userSocket || socket === volunteerSocket ? 250 : 500),
      ),
    );
    expect(first).toEqual(seqs(byVolunteer));
    expect(second).toEqual(upTo(500));
    expect(third).toEqual(seqs(byUser));
    expect(fourth).toEqual(upTo(500));
  });

  it('repairs lost news by comparing heads, also when more is missing than one fetch brings', async () => {
    const lost = jest.spyOn(publisherOf(at(world.gateways, 0)), 'publish').mockResolvedValue();
    await Promise.all(upTo(620).map((n) => userSocket.send(chatId, `m${n}`)));
    expect(volunteerSocket.messages(chatId)).toEqual([]);
    lost.mockRestore();
    await at(world.gateways, 1).app.get(CatchUp).run();
    expect(await arrived(volunteerSocket, 620)).toEqual(upTo(620));
    await userSocket.send(chatId, 'live again');
    expect((await arrived(volunteerSocket, 621)).at(-1)).toBe(621);
  });

  it('notices a lost batch by the gap before the next one, at once', async () => {
    const lost = jest.spyOn(publisherOf(at(world.gateways, 0)), 'publish').mockResolvedValue();
    await Promise.all(upTo(5).map((n) => userSocket.send(chatId, `m${n}`)));
    lost.mockRestore();
    const sent = Date.now();
    await userSocket.send(chatId, 'm6');
    expect(await arrived(volunteerSocket, 6)).toEqual(upTo(6));
    expect(Date.now() - sent).toBeLessThan(3_000);
  });

  it('tells of a conversation that began and of one that ended, when that news was lost', async () => {
    const announcer = jest.spyOn(publisherOf(at(world.apis, 0)), 'publish').mockResolvedValue();
    const next = await world.person('user');
    const nextSocket = await world.connect(next, 1);
    const helper = await world.volunteer();
    const helperSocket = await world.connect(helper, 0);
    await world.request(next);
    const { chat_id } = (await world.accept(helper, next)).body;
    await eventually('the announcement is lost', () =>
      announcer.mock.calls.some(([name]) => name === 'request.accepted.v1'),
    );
    for (const { app } of world.gateways) await app.get(CatchUp).run();
    for (const socket of [nextSocket, helperSocket]) {
      expect(await socket.next('chat_started')).toMatchObject({ chat_id });
    }
    await helperSocket.ask('chat_ended', { email: helper.email, chat_id });
    await eventually('the end is lost', () =>
      announcer.mock.calls.some(([name]) => name === 'conversation.ended.v1'),
    );
    for (const { app } of world.gateways) await app.get(CatchUp).run();
    for (const socket of [nextSocket, helperSocket]) {
      expect(await socket.next('chat_ended')).toMatchObject({ chat_id, ended_by: 'volunteer' });
      expect(socket.all('chat_started')).toHaveLength(1);
    }
  });

  it('tells of a request, of its end and of a timer that started, when that news was lost', async () => {
    const announcer = jest.spyOn(publisherOf(at(world.apis, 0)), 'publish').mockResolvedValue();
    const teller = jest.spyOn(publisherOf(at(world.gateways, 0)), 'publish').mockResolvedValue();
    const lost = async (news: string): Promise<void> => {
      await eventually(`${news} is lost`, () =>
        [...announcer.mock.calls, ...teller.mock.calls].some(([name]) => name === news),
      );
      for (const { app } of world.gateways) await app.get(CatchUp).run();
    };
    await world.nobodyAvailable();
    const [next, helper] = [await world.person('user'), await world.volunteer()];
    const helperSocket = await world.connect(helper, 1);
    const { session_id } = (await world.request(next)).body;
    await lost('request.invited.v1');
    expect(await helperSocket.next('chat_request')).toMatchObject({ session_id });
    await world.cancel(next);
    await lost('request.closed.v1');
    expect(await helperSocket.next('cancel_chat_request')).toMatchObject({ session_id });
    await userSocket.ask('update_last_opened_user', { chat_id: chatId });
    await volunteerSocket.ask('update_last_opened_volunteer', { chat_id: chatId });
    await lost('conversation.started.v1');
    for (const socket of [userSocket, volunteerSocket]) {
      expect(await socket.next('start_timer')).toMatchObject({ chat_id: chatId });
    }
  });

  it('brings everything that was sent while Redis was away, as soon as it is back', async () => {
    await userSocket.send(chatId, 'before');
    await redis.stop();
    const sent = await Promise.all(upTo(20).map((n) => userSocket.send(chatId, `m${n}`)));
    expect(sent.every(({ ok }) => ok)).toBe(true);
    await redis.start();
    expect(await arrived(volunteerSocket, 21)).toEqual(upTo(21));
    await volunteerSocket.send(chatId, 'after');
    expect(await userSocket.next('chat_message', ({ seq }) => seq === 22)).toMatchObject({
      message: 'after',
    });
  });

  it('shows a batch to everybody, and marks who is absent, although its rosters overflow the remembered ones', async () => {
    const helper = await world.volunteer(5);
    const helperSocket = await world.connect(helper, 0);
    const seekers: TestPerson[] = [];
    for (let n = 0; n < 5; n++) seekers.push(await world.person('user'));
    // All ask before the first is accepted: who holds a chat is asked less.
    for (const seeker of seekers) await world.request(seeker);
    const chats: { seeker: TestPerson; id: string }[] = [];
    for (const seeker of seekers)
      chats.push({ seeker, id: String((await world.accept(helper, seeker)).body['chat_id']) });
    // Only conversations of one lane of the writer share a batch; of five, three do.
    const lane = (chatId: string): number => parseInt(chatId.slice(-6), 16) % 2;
    const lanes = [0, 1].map((own) => chats.filter(({ id: chatId }) => lane(chatId) === own));
    const [here, absent, unknown] = lanes.find(({ length }) => length >= 3) ?? [];
    if (!here || !absent || !unknown) throw new Error('three share a lane');
    const seekerSocket = await world.connect(here.seeker, 1);
    const { rows } = await world.sql.query<{ id: string }>('SELECT id FROM people WHERE sub = $1', [
      here.seeker.sub,
    ]);
    const presence = at(world.gateways, 0).app.get(PresenceDirectory);
    await eventually('the directory knows who is here', async () =>
      (await presence.online([at(rows, 0).id])).has(at(rows, 0).id),
    );
    await helperSocket.send(here.id, 'its roster is known from now on');
    await helperSocket.send(absent.id, 'its roster, too');
    await world.sql.query('UPDATE conversation_members SET push_due_at = NULL');

    const { known } = at(world.gateways, 0).app.get(Rosters) as unknown as { known: Map<string, Roster> };
    for (let n = known.size; n < MOST_ROSTERS; n++)
      known.set(`another-${n}`, { program: 'better_together', version: 1, members: [], memberIds: [] });
    const sent = await Promise.all(
      [here, absent, unknown].map(({ id: chatId }) => helperSocket.send(chatId, 'in one batch')),
    );
    expect(sent.map((one) => (one.ok ? one.seq : one.error.code))).toEqual([2, 2, 1]);
    expect(await seekerSocket.next('chat_message', ({ seq }) => seq === 2, 2_000)).toMatchObject({
      message: 'in one batch',
    });
    const marked = async (chat: typeof here): Promise<boolean> =>
      (await pushDue(world.sql, chat.id, chat.seeker.sub)) !== null;
    expect(await Promise.all([here, absent, unknown].map(marked))).toEqual([false, true, true]);
    expect([known.size, known.has(unknown.id)]).toEqual([MOST_ROSTERS, true]);
  });
});
