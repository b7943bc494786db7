import { createTestDatabase, type TestDatabase } from '@kindline/testing';
import { ChatRooms } from '../src/counseling/chat-rooms';
import { done } from './companion-kit';
import { type ChatSocket, enter, type Session, session, talk } from './counseling-kit';
import { at, eventually, World } from './kit';

describe('messages of an anonymous session', () => {
  let database: TestDatabase;
  let world: World;
  let own: Session;
  let student: ChatSocket;
  let helper: ChatSocket;

  beforeAll(async () => {
    database = await createTestDatabase();
    world = await World.start(database.url, { gateways: 2 });
  }, 60_000);
  beforeEach(async () => {
    own = await session(world);
    [student, helper] = await talk(world, own);
  });
  afterEach(() => own.counsellor.close());
  afterAll(async () => {
    await world.stop();
    await database.drop();
  });

  it('look alike to both, and name nobody', async () => {
    const { id, timestamp } = done(await student.say('hello'));
    const message = await helper.next('message');
    const from = expect.stringMatching(/^anon_/);
    expect(message).toEqual({
      id,
      sessionId: own.sessionId,
      from,
      content: 'hello',
      timestamp,
      type: 'chat_message',
    });
    expect(new Date(timestamp).toISOString()).toBe(timestamp);
    expect(done(await student.history())).toEqual({ ok: true, messages: [message], has_more: false });
  });

  it("reach a sender's other sockets, and not the one that sent", async () => {
    const [here, there] = [await enter(world, own.studentToken, 0), await enter(world, own.studentToken, 1)];
    done(await student.say('from my phone'));
    await Promise.all([here, there, helper].map((socket) => socket.next('message')));
    expect(student.texts).toEqual([]);
    done(await student.ask('typing', { on: false }));
    await Promise.all([here, there, helper].map((socket) => socket.next('typing', ({ on }) => !on)));
    expect(student.all('typing')).toEqual([]);
  });

  it('arrive in one order everywhere, however many send at once', async () => {
    const sockets = [
      student,
      helper,
      await enter(world, own.studentToken, 1),
      await enter(world, own.counsellorToken, 0),
    ];
    const said = await Promise.all(
      Array.from({ length: 200 }, async (_, n) => done(await at(sockets, n % 4).say(`${n}`))),
    );
    const watcher = await enter(world, own.studentToken);
    const pages = done(await watcher.history({ limit: 500 })).messages;
    expect(pages).toHaveLength(200);
    expect(new Set(pages.map(({ id }) => id))).toEqual(new Set(said.map(({ id }) => id)));
    for (const [n, socket] of sockets.entries()) {
      await eventually('all of the others are there', () => socket.texts.length === 150);
      const expected = pages.map(({ content }) => content).filter((content) => Number(content) % 4 !== n);
      expect(socket.texts).toEqual(expected);
    }
  });

  it('are stored once, however often they are sent with one client id', async () => {
    const first = done(await student.say('hello?', 'a'));
    const again = await Promise.all(Array.from({ length: 5 }, () => student.say('hello?', 'a')));
    for (const one of again) expect(done(one)).toEqual({ ...first, duplicate: true });
    // The other side has ids of its own.
    done(await helper.say('hello!', 'a'));
    expect(done(await student.history()).messages.map(({ content }) => content)).toEqual([
      'hello?',
      'hello!',
    ]);
    await student.next('message', ({ content }) => content === 'hello!');
    expect(helper.texts).toEqual(['hello?']);
  });

  it('are read back by pages, by id or by time', async () => {
    for (let n = 1; n <= 12; n++) done(await student.say(`${n}`));
    const numbers = async (payload: object) => {
      const { messages, has_more } = done(await helper.history(payload));
      return { page: messages.map(({ content }) => Number(content)), has_more, first: messages[0] };
    };
    const last = await numbers({ limit: 5 });
    expect(last).toMatchObject({ page: [8, 9, 10, 11, 12], has_more: true });
    expect(await numbers({ limit: 5, before: last.first?.id })).toMatchObject({
      page: [3, 4, 5, 6, 7],
      has_more: true,
    });
    const before = await numbers({ limit: 7, before: last.first?.id });
    expect(before).toMatchObject({ page: [1, 2, 3, 4, 5, 6, 7], has_more: false });
    expect(await numbers({ before: before.first?.id })).toMatchObject({ page: [], has_more: false });
    const byTime = await numbers({ before: last.first?.timestamp });
    expect(byTime.page).toEqual(Array.from({ length: byTime.page.length }, (_, n) => n + 1));
    expect(byTime.page.length).toBeLessThan(8);
    expect(await numbers({ before: '2100-01-01T00:00:00.000Z', limit: 1 })).toMatchObject({ page: [12] });
    expect(await numbers({ before: `${own.sessionId}:999-0` })).toMatchObject({ has_more: false });
  });

  it('may be written while waiting for a counsellor, who then reads them', async () => {
    own.counsellor.close();
    helper.close();
    const waiting = await world.person('student');
    const { body } = await world.api('POST', '/api/chat/request-session', waiting, {});
    const chat = await enter(world, String(body['chatToken']));
    done(await chat.say('Is somebody there?'));
    const next = await world.connect(await world.person('counselor'));
    const { chatToken } = await next.next(
      'counseling:assigned',
      (one) => one.sessionId === body['sessionId'],
    );
    await chat.next('counseling:assigned');
    const reader = await enter(world, chatToken, 1);
    expect(done(await reader.history()).messages).toMatchObject([{ content: 'Is somebody there?' }]);
    next.close();
  });

  it('are caught up with when a channel was cut', async () => {
    done(await student.say('one'));
    await helper.next('message');
    const rooms = at(world.gateways, 1).app.get(ChatRooms);
    const channels = Reflect.get(rooms, 'channels') as { redis: { disconnect(reconnect: boolean): void } };
    channels.redis.disconnect(true);
    for (let n = 0; n < 20; n++) done(await student.say(`lost ${n}`));
    await eventually('all are there', () => helper.texts.length === 21);
    expect(helper.texts).toEqual(['one', ...Array.from({ length: 20 }, (_, n) => `lost ${n}`)]);
  });

  it('go into a session that has ended no more', async () => {
    done(await helper.ask('end_session', {}));
    const end = { sessionId: own.sessionId, endedBy: 'counselor', reason: 'ended' };
    expect(await student.next('session_ended')).toEqual(end);
    expect(await helper.next('session_ended')).toEqual(end);
    await eventually('both are let go', () => student.left !== undefined && helper.left !== undefined);
  });
});
