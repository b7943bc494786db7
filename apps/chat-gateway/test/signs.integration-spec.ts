import { createTestDatabase, type TestDatabase } from '@kindline/testing';
import { DataSource } from 'typeorm';
import { companions, done, end, send } from './companion-kit';
import { at, type TestSocket, World } from './kit';
import { agentOn, open, send as sendIn } from './support-kit';

jest.setTimeout(60_000);

const ANY_TIME: unknown = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);

describe('what members of a conversation are shown of each other, over two gateways', () => {
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

  const received = (socket: TestSocket, conversationId: string, seq: number) =>
    socket.ask('messages:received', { conversationId, seq });
  /** Of everything before: both gateways have shown it by then. */
  const settled = async (...sockets: TestSocket[]): Promise<void> => {
    const { senior, volunteer, conversationId } = await companions(world);
    for (const [from, to] of [
      [senior, volunteer],
      [volunteer, senior],
    ] as const) {
      done(await from.ask('message:typing', { conversationId, on: true }));
      await to.next('message:typing');
    }
    for (const socket of sockets) await socket.sync('nothing', 0);
    senior.close();
    volunteer.close();
  };
  const talk = async () => {
    const one = await companions(world);
    const phone = await world.connect(one.volunteer.person, 0);
    const tablet = await world.connect(one.senior.person, 1);
    for (const text of ['one', 'two', 'three']) await send(one.senior, one.conversationId, text);
    return { ...one, phone, tablet };
  };

  describe('messages:received', () => {
    it('tells the other member, wherever their devices are, and nobody else', async () => {
      const { senior, tablet, volunteer, phone, conversationId } = await talk();
      const outsider = await world.connect(await world.person('volunteer'), 0);
      await volunteer.next('message:new', ({ seq }) => seq === 3);
      expect(await received(volunteer, conversationId, 2)).toEqual({ ok: true });
      const delivered = { conversationId, seq: 2, by: volunteer.person.sub };
      for (const socket of [senior, tablet])
        expect(await socket.next('messages:delivered')).toEqual(delivered);
      await settled(volunteer, phone, outsider);
      expect([volunteer, phone, outsider].flatMap((socket) => socket.all('messages:delivered'))).toEqual([]);
    });

    it('tells only what is news, also of a device at another gateway', async () => {
      const { senior, volunteer, phone, conversationId } = await talk();
      for (const [socket, seq] of [
        [volunteer, 2],
        [volunteer, 2],
        [volunteer, 1],
      ] as const)
        expect(await received(socket, conversationId, seq)).toEqual({ ok: true });
      await senior.next('messages:delivered');
      expect(await received(phone, conversationId, 2)).toEqual({ ok: true });
      expect(await received(phone, conversationId, 3)).toEqual({ ok: true });
      expect(await received(volunteer, conversationId, 3)).toEqual({ ok: true });
      await settled(senior);
      expect(senior.all('messages:delivered').map(({ seq }) => seq)).toEqual([2, 3]);
    });

    it('knows no message that does not exist, no conversation of others, and ends with it', async () => {
      const { senior, volunteer, conversationId } = await talk();
      expect(await received(volunteer, conversationId, 4)).toMatchObject({
        ok: false,
        error: { code: 'validation_failed', errors: [{ path: 'seq', message: 'must be at most 3' }] },
      });
      const outsider = await world.connect(await world.person('volunteer'), 0);
      expect(await received(outsider, conversationId, 1)).toMatchObject({ error: { code: 'forbidden' } });
      await end(senior, conversationId);
      await volunteer.next('chat:ended');
      expect(await received(volunteer, conversationId, 3)).toEqual({ ok: true });
      expect(await received(volunteer, conversationId, 4)).toMatchObject({
        error: { code: 'validation_failed' },
      });
      await settled(senior);
      expect(senior.all('messages:delivered')).toEqual([]);
    });

    it('asks the database nothing about messages that were emitted here', async () => {
      const { senior, volunteer, conversationId } = await talk();
      done(await received(volunteer, conversationId, 1));
      await volunteer.next('message:new', ({ seq }) => seq === 3);
      const queries = jest.spyOn(at(world.gateways, 1).app.get(DataSource), 'query');
      done(await received(volunteer, conversationId, 2));
      done(await received(volunteer, conversationId, 3));
      const about = queries.mock.calls.filter((call) => JSON.stringify(call).includes(conversationId));
      queries.mockRestore();
      expect(about).toEqual([]);
      await senior.next('messages:delivered', ({ seq }) => seq === 3);
    });

    it('works in better_together and in support channels as well', async () => {
      const { user, volunteer, chatId } = await world.chat();
      const [userSocket, volunteerSocket] = [await world.connect(user, 0), await world.connect(volunteer, 1)];
      await userSocket.send(chatId, 'hello');
      await volunteerSocket.next('chat_message');
      done(await received(volunteerSocket, chatId, 1));
      expect(await userSocket.next('messages:delivered')).toEqual({
        conversationId: chatId,
        seq: 1,
        by: volunteer.sub,
      });
      const agent = await agentOn(world, 1);
      const channel = await open(world, user);
      await agent.next('channel:updated');
      done(await sendIn(userSocket, channel, 'hello'));
      await agent.next('channel:message');
      done(await received(agent, channel.id, 1));
      expect(
        await userSocket.next('messages:delivered', ({ conversationId }) => conversationId === channel.id),
      ).toEqual({ conversationId: channel.id, seq: 1, by: agent.person.sub });
    });
  });

  describe('better_together', () => {
    const chat = async () => {
      const { user, volunteer, chatId: chat_id } = await world.chat();
      const [userSocket, userPhone] = [await world.connect(user, 0), await world.connect(user, 1)];
      const [helperSocket, helperPhone] = [
        await world.connect(volunteer, 1),
        await world.connect(volunteer, 0),
      ];
      return { chat_id, userSocket, userPhone, helperSocket, helperPhone };
    };

    it('shows who types to every other socket of both people', async () => {
      const { chat_id, userSocket, userPhone, helperSocket, helperPhone } = await chat();
      expect(await userSocket.ask('chat_typing', { chat_id, on: true })).toEqual({ ok: true });
      for (const socket of [userPhone, helperSocket, helperPhone])
        expect(await socket.next('chat_typing')).toEqual({ chat_id, by: 'user', on: true });
      expect(userSocket.all('chat_typing')).toEqual([]);
      expect(await helperSocket.ask('chat_typing', { chat_id, on: false })).toEqual({ ok: true });
      for (const socket of [userSocket, userPhone, helperPhone]) {
        expect(await socket.next('chat_typing', ({ by }) => by === 'volunteer')).toEqual({
          chat_id,
          by: 'volunteer',
          on: false,
        });
      }
      const { email } = userSocket.person;
      done(await userSocket.ask('chat_ended', { email, by_user: true, chat_id }));
      await helperSocket.next('chat_ended');
      expect(await helperSocket.ask('chat_typing', { chat_id, on: true })).toMatchObject({
        error: { code: 'conversation_ended' },
      });
    });

    it('shows what was read when the chat is opened, and nothing where all had been read', async () => {
      const { chat_id, userSocket, userPhone, helperSocket, helperPhone } = await chat();
      done(await helperSocket.ask('update_last_opened_volunteer', { chat_id }));
      for (const text of ['one', 'two']) await userSocket.send(chat_id, text);
      done(await helperSocket.ask('update_last_opened_volunteer', { chat_id }));
      done(await helperSocket.ask('update_last_opened_volunteer', { chat_id }));
      for (const socket of [userSocket, userPhone, helperPhone]) {
        expect(await socket.next('chat_read')).toEqual({
          chat_id,
          seq: 2,
          by: 'volunteer',
          read_at: ANY_TIME,
        });
      }
      await helperSocket.send(chat_id, 'three');
      done(await userSocket.ask('update_last_opened_user', { chat_id }));
      for (const socket of [userPhone, helperSocket, helperPhone])
        expect(await socket.next('chat_read', ({ by }) => by === 'user')).toMatchObject({ chat_id, seq: 3 });
      await settled(userSocket, helperSocket);
      expect(userSocket.all('chat_read')).toHaveLength(1);
      expect(helperSocket.all('chat_read')).toHaveLength(1);
      expect(helperPhone.all('chat_read')).toHaveLength(2);
      const { body } = await world.api('GET', `/api/conversations/${chat_id}/messages`, userSocket.person);
      const [first] = body['messages'] as { read_at: string }[];
      expect(userSocket.all('chat_read')[0]?.read_at).toBe(first?.read_at);
    });
  });

  it('a message of the companion program says what it answers, and nothing where it answers nothing', async () => {
    const { senior, volunteer, conversationId } = await talk();
    const replyTo = { id: 'x', content: 'one' };
    done(await send(volunteer, conversationId, 'four', { replyTo }));
    done(await send(volunteer, conversationId, 'five', { replyTo: 'a text' }));
    done(await send(volunteer, conversationId, 'six', { replyTo: null }));
    const answers = [replyTo, 'a text', undefined];
    for (const socket of [senior, volunteer]) {
      await socket.next('message:new', ({ seq }) => seq === 6);
      const messages = socket.all('message:new');
      expect(messages.map(({ reply_to }) => reply_to)).toEqual([undefined, undefined, undefined, ...answers]);
      expect(messages.filter((message) => 'reply_to' in message)).toHaveLength(2);
    }
    const { messages } = done(await senior.sync(conversationId, 3));
    expect(messages.map(({ reply_to }) => reply_to)).toEqual([replyTo, 'a text', null]);
  });
});
