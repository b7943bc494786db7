import { createTestDatabase, type TestDatabase } from '@kindline/testing';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startScheduler } from '../../scheduler/src/start';
import { eventually, World } from './kit';

jest.setTimeout(60_000);

const ANY_TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string;
const ANY_TEXT = expect.any(String) as string;
const THANKS = { title: ANY_TEXT, message: "Thank you for making a difference in someone's life" };

describe('a conversation over two gateway replicas', () => {
  let database: TestDatabase;
  let world: World;

  beforeAll(async () => {
    database = await createTestDatabase();
    world = await World.start(database.url);
  });
  afterAll(async () => {
    await world.stop();
    await database.drop();
  });
  beforeEach(() => world.nobodyAvailable());

  it('brings a request to its end, and every event reaches whom it should with exactly its fields', async () => {
    const [user, winner, other] = [
      await world.person('user'),
      await world.volunteer(),
      await world.volunteer(),
    ];
    const userSocket = await world.connect(user, 0);
    const userPhone = await world.connect(user, 1);
    const winnerSocket = await world.connect(winner, 1);
    const otherSocket = await world.connect(other, 0);
    expect(userSocket.seen[0]).toEqual({
      event: 'connection_response',
      payload: { status: 'connected', socket_id: userSocket.socket.id },
    });
    expect(await userSocket.ask('join', user.email)).toEqual({ ok: true });

    const requested = await world.request(user, 'I feel alone');
    expect(requested).toEqual({
      status: 201,
      body: { message: 'Request Successful', session_id: ANY_TEXT, volunteers_notified: 2 },
    });
    const session_id = String(requested.body['session_id']);
    for (const volunteer of [winnerSocket, otherSocket]) {
      expect(await volunteer.next('chat_request')).toEqual({
        user_email: user.email,
        i_need_message: 'I feel alone',
        session_id,
      });
      await volunteer.next('refresh_vol_dash');
    }

    const accepted = await world.accept(winner, user);
    expect(accepted).toEqual({ status: 201, body: { message: 'Chat accepted!', chat_id: ANY_TEXT } });
    const chat_id = String(accepted.body['chat_id']);
    for (const member of [userSocket, userPhone, winnerSocket]) {
      expect(await member.next('chat_started')).toEqual({
        user_email: user.email,
        volunteer_email: winner.email,
        chat_id,
      });
    }
    expect(await otherSocket.next('cancel_chat_request')).toEqual({ user_email: user.email, session_id });

    expect(await userSocket.ask('update_last_opened_user', { chat_id })).toEqual({ ok: true });
    expect(await winnerSocket.ask('update_last_opened_volunteer', { chat_id })).toEqual({ ok: true });
    for (const member of [userSocket, userPhone, winnerSocket]) {
      expect(await member.next('start_timer')).toEqual({ chat_id, started_at: ANY_TIME, minutes: 40 });
    }

    const sent = await userSocket.send(chat_id, 'Hello 👋', { reply_message: { id: 'x' } });
    expect(sent).toEqual({ ok: true, id: ANY_TEXT, seq: 1, timestamp: ANY_TIME, duplicate: false });
    if (!sent.ok) throw new Error('not sent');
    for (const receiver of [userPhone, winnerSocket]) {
      expect(await receiver.next('chat_message')).toEqual({
        id: sent.id,
        seq: 1,
        sender_mail: user.email,
        chat_id,
        message: 'Hello 👋',
        timestamp: sent.timestamp,
        reply_message: { id: 'x' },
      });
    }
    await winnerSocket.send(chat_id, 'Hi');
    for (const receiver of [userSocket, userPhone])
      await receiver.next('chat_message', ({ seq }) => seq === 2);
    expect(userSocket.messages(chat_id).map(({ seq }) => seq)).toEqual([2]);
    expect(winnerSocket.messages(chat_id).map(({ seq }) => seq)).toEqual([1]);
    expect(otherSocket.messages(chat_id)).toEqual([]);

    expect(await winnerSocket.ask('chat_ended', { email: winner.email, by_user: false, chat_id })).toEqual({
      ok: true,
    });
    for (const member of [userSocket, userPhone, winnerSocket]) {
      expect(await member.next('chat_ended')).toEqual({
        chat_id,
        ended_by: 'volunteer',
        reason: 'ended_by_volunteer',
      });
    }
    expect(await winnerSocket.next('thank_you_volunteer')).toEqual(THANKS);
    expect(userSocket.all('thank_you_volunteer')).toEqual([]);
    expect(otherSocket.all('chat_started')).toEqual([]);
    expect(await userSocket.send(chat_id, 'too late')).toMatchObject({
      ok: false,
      error: { code: 'conversation_ended' },
    });
  });

  it('tells both that the user has ended it', async () => {
    const { user, volunteer, chatId } = await world.chat();
    const [userSocket, volunteerSocket] = [await world.connect(user, 0), await world.connect(volunteer, 1)];
    expect(await userSocket.ask('chat_ended', { email: user.email, by_user: true, chat_id: chatId })).toEqual(
      {
        ok: true,
      },
    );
    for (const member of [userSocket, volunteerSocket]) {
      expect(await member.next('chat_ended')).toEqual({
        chat_id: chatId,
        ended_by: 'user',
        reason: 'ended_by_user',
      });
    }
    expect(await volunteerSocket.next('thank_you_volunteer')).toEqual(THANKS);
  });

  it('tells a user that nobody is available, and still keeps the request', async () => {
    const user = await world.person('user');
    const sockets = [await world.connect(user, 0), await world.connect(user, 1)];
    const { status, body } = await world.request(user);
    expect([status, body['volunteers_notified']]).toEqual([201, 0]);
    for (const socket of sockets) {
      expect(await socket.next('no_availability')).toEqual({ user_email: user.email });
    }
    const again = await world.request(user);
    expect([again.status, again.body['code'], again.body['session_id']]).toEqual([
      409,
      'request_already_pending',
      body['session_id'],
    ]);
  });

  it('withdraws a cancelled request from everybody who was asked', async () => {
    const [user, one, two] = [await world.person('user'), await world.volunteer(), await world.volunteer()];
    const sockets = [await world.connect(one, 0), await world.connect(two, 1)];
    const { session_id } = (await world.request(user)).body;
    for (const socket of sockets) await socket.next('chat_request');
    expect(await world.cancel(user)).toEqual({ status: 200, body: { message: ANY_TEXT, session_id } });
    for (const socket of sockets) {
      expect(await socket.next('cancel_chat_request')).toEqual({ user_email: user.email, session_id });
    }
    expect((await world.cancel(user)).status).toBe(404);
  });

  it('shows a volunteer who connects later the requests that still wait, and only those', async () => {
    const volunteer = await world.volunteer();
    const [waiting, cancelled] = [await world.person('user'), await world.person('user')];
    const { session_id } = (await world.request(waiting, 'still here')).body;
    await world.request(cancelled);
    await world.cancel(cancelled);
    // Otherwise the news may come just after they connected, and show the same request once more.
    await eventually('everything is announced', async () => {
      const { rowCount } = await world.sql.query('SELECT FROM announce._private_jobs');
      return rowCount === 0;
    });
    const socket = await world.connect(volunteer, 1);
    expect(await socket.next('chat_request')).toEqual({
      user_email: waiting.email,
      i_need_message: 'still here',
      session_id,
    });
    // The answer to this event is behind everything that was emitted on arrival.
    await socket.ask('join', volunteer.email);
    expect(socket.all('chat_request')).toHaveLength(1);
  });

  it('gives a client that was away what it missed, and says when a message was read', async () => {
    const { user, volunteer, chatId } = await world.chat();
    const userSocket = await world.connect(user, 0);
    for (const text of ['one', 'two', 'three']) await userSocket.send(chatId, text);
    const volunteerSocket = await world.connect(volunteer, 1);
    expect(volunteerSocket.messages(chatId)).toEqual([]);
    const synced = await volunteerSocket.sync(chatId, 1);
    expect(synced).toEqual({
      ok: true,
      has_more: false,
      messages: [2, 3].map((seq) => ({
        id: ANY_TEXT,
        seq,
        conversation_id: chatId,
        sender_id: user.sub,
        content: seq === 2 ? 'two' : 'three',
        type: 'text',
        reply_to: null,
        created_at: ANY_TIME,
        read_at: null,
      })),
    });
    await volunteerSocket.ask('update_last_opened_volunteer', { chat_id: chatId });
    await userSocket.send(chatId, 'four');
    const history = await world.api('GET', `/api/conversations/${chatId}/messages`, user);
    const messages = history.body['messages'] as { seq: number; read_at: string | null }[];
    expect(messages.map(({ seq, read_at }) => [seq, read_at !== null])).toEqual([
      [1, true],
      [2, true],
      [3, true],
      [4, false],
    ]);
    const stranger = await world.connect(await world.person('user'), 0);
    expect(await stranger.sync(chatId, 0)).toMatchObject({ ok: false, error: { code: 'forbidden' } });
  });
});

describe('a conversation that nobody ends', () => {
  let database: TestDatabase;
  let world: World;
  const folder = mkdtempSync(join(tmpdir(), 'kindline-programs-'));

  beforeAll(async () => {
    const file = join(folder, 'programs.json');
    const overrides = { inactivityAfter: '1500ms', expireAfter: '1500ms' };
    writeFileSync(file, JSON.stringify({ better_together: overrides }));
    database = await createTestDatabase();
    world = await World.start(database.url, { more: { PROGRAMS_FILE: file } });
    world.stopLater(await startScheduler(world.env));
  });
  afterAll(async () => {
    await world.stop();
    await database.drop();
    rmSync(folder, { recursive: true });
  });

  it('is ended by the system after the silence, and both hear it', async () => {
    const { user, volunteer, chatId } = await world.chat();
    const [userSocket, volunteerSocket] = [await world.connect(user, 0), await world.connect(volunteer, 1)];
    await userSocket.send(chatId, 'is anybody there?');
    for (const member of [userSocket, volunteerSocket]) {
      expect(await member.next('chat_ended', undefined, 15_000)).toEqual({
        chat_id: chatId,
        ended_by: 'system',
        reason: 'inactivity',
      });
    }
    expect(await volunteerSocket.next('thank_you_volunteer')).toEqual(THANKS);
  });

  it('withdraws a request that expires', async () => {
    await world.nobodyAvailable();
    const [user, volunteer] = [await world.person('user'), await world.volunteer()];
    const socket = await world.connect(volunteer, 1);
    const { session_id } = (await world.request(user)).body;
    await socket.next('chat_request');
    expect(await socket.next('cancel_chat_request')).toEqual({ user_email: user.email, session_id });
    const { body } = await world.api('GET', `/sessions/${String(session_id)}`, user);
    expect(body).toMatchObject({ status: 'dozy', chat_id: null, volunteer: null, ended_by_user: false });
  });
});
