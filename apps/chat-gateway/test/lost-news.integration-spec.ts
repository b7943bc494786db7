import { createTestDatabase, type TestDatabase } from '@kindline/testing';
import { CatchUp } from '../src/delivery/catch-up';
import { startChatGateway } from '../src/start';
import { at, type TestPerson, type TestSocket, World } from './kit';
import { Subscriptions } from './unheard';

jest.setTimeout(60_000);

/** Far below the 15 s after which heads are compared anyway. */
const SOON_MS = 4_000;

describe('a gateway whose subscription was cut', () => {
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
  beforeEach(() => world.nobodyAvailable());
  afterEach(() => subscriptions.mend());

  const announced = (): Promise<void> => subscriptions.announced();
  const unheard = (change: () => Promise<unknown>): Promise<void> => subscriptions.unheard(change);

  async function people(): Promise<{ user: TestPerson; volunteers: TestPerson[]; sockets: TestSocket[] }> {
    const user = await world.person('user');
    const volunteers = [await world.volunteer(), await world.volunteer()];
    const sockets = [];
    for (const [gateway, volunteer] of volunteers.entries())
      sockets.push(await world.connect(volunteer, gateway));
    return { user, volunteers, sockets };
  }

  /** What this socket was asked, after another comparison with the database. */
  async function requestsOn(socket: TestSocket): Promise<(string | null)[]> {
    for (const { app } of world.gateways) await app.get(CatchUp).run();
    await socket.ask('join', socket.person.email);
    return socket.all('chat_request').map(({ user_email }) => user_email);
  }

  it('shows a request that was made meanwhile, once', async () => {
    const { user, sockets } = await people();
    await unheard(async () => expect(await world.request(user)).toMatchObject({ status: 201 }));
    for (const socket of sockets) {
      await socket.next('chat_request', ({ user_email }) => user_email === user.email, SOON_MS);
      expect(await requestsOn(socket)).toEqual([user.email]);
    }
  });

  it('shows nobody a second time what their dashboard shows already', async () => {
    const { user, sockets } = await people();
    const another = await world.person('user');
    await world.request(user);
    for (const socket of sockets) await socket.next('chat_request');
    await unheard(() => world.request(another));
    for (const socket of sockets) {
      await socket.next('chat_request', ({ user_email }) => user_email === another.email, SOON_MS);
      expect(await requestsOn(socket)).toEqual([user.email, another.email]);
    }
  });

  it('takes a request from the dashboards that was cancelled meanwhile, once', async () => {
    const { user, sockets } = await people();
    await world.request(user);
    for (const socket of sockets) await socket.next('chat_request');
    await unheard(async () => expect(await world.cancel(user)).toMatchObject({ status: 200 }));
    for (const socket of sockets) {
      await socket.next('cancel_chat_request', ({ user_email }) => user_email === user.email, SOON_MS);
      expect(await requestsOn(socket)).toEqual([user.email]);
      expect(socket.all('cancel_chat_request')).toHaveLength(1);
    }
  });

  it('takes a request that somebody accepted meanwhile from the others, and starts the chat', async () => {
    const { user, volunteers, sockets } = await people();
    const [winner, winnerSocket, otherSocket] = [at(volunteers, 0), at(sockets, 0), at(sockets, 1)];
    const userSocket = await world.connect(user, 1);
    await world.request(user);
    for (const socket of sockets) await socket.next('chat_request');
    await unheard(async () => expect(await world.accept(winner, user)).toMatchObject({ status: 201 }));
    await otherSocket.next('cancel_chat_request', ({ user_email }) => user_email === user.email, SOON_MS);
    for (const socket of [winnerSocket, userSocket]) {
      await socket.next('chat_started', ({ volunteer_email }) => volunteer_email === winner.email, SOON_MS);
      expect(await requestsOn(otherSocket)).toEqual([user.email]);
      expect(socket.all('chat_started')).toHaveLength(1);
    }
    expect(otherSocket.all('chat_started')).toEqual([]);
    expect(winnerSocket.all('cancel_chat_request')).toEqual([]);
  });

  it('starts the timer of a chat that both opened meanwhile, once', async () => {
    const { user, volunteer, chatId } = await world.chat();
    const sockets = [await world.connect(user, 0), await world.connect(volunteer, 1)] as const;
    await unheard(async () => {
      await sockets[0].ask('update_last_opened_user', { chat_id: chatId });
      await sockets[1].ask('update_last_opened_volunteer', { chat_id: chatId });
    });
    for (const socket of sockets) {
      await socket.next('start_timer', ({ chat_id }) => chat_id === chatId, SOON_MS);
      await requestsOn(socket);
      expect(socket.all('start_timer')).toHaveLength(1);
    }
  });

  it('starts the timer also for who was there before, when another device of theirs came meanwhile', async () => {
    const { user, volunteer, chatId } = await world.chat();
    const sockets = [await world.connect(user, 0), await world.connect(volunteer, 0)] as const;
    await unheard(async () => {
      await sockets[0].ask('update_last_opened_user', { chat_id: chatId });
      await sockets[1].ask('update_last_opened_volunteer', { chat_id: chatId });
      await world.connect(user, 0);
    });
    for (const socket of sockets)
      await socket.next('start_timer', ({ chat_id }) => chat_id === chatId, SOON_MS);
  });

  it('tells who was there before of a chat that began meanwhile, also when another device of theirs came', async () => {
    const [user, volunteer] = [await world.person('user'), await world.volunteer()];
    const [userSocket, volunteerSocket] = [await world.connect(user, 0), await world.connect(volunteer, 1)];
    await world.request(user);
    let chatId = '';
    await unheard(async () => {
      chatId = String((await world.accept(volunteer, user)).body['chat_id']);
      await volunteerSocket.send(chatId, 'hello');
      await world.connect(user, 0);
    });
    await userSocket.next('chat_started', ({ chat_id }) => chat_id === chatId, SOON_MS);
    await userSocket.next('chat_message', ({ chat_id, seq }) => chat_id === chatId && seq === 1, SOON_MS);
  });

  it('starts no timer that ran before its people came', async () => {
    const { user, volunteer, chatId } = await world.chat();
    const before = [await world.connect(user, 0), await world.connect(volunteer, 0)] as const;
    await before[0].ask('update_last_opened_user', { chat_id: chatId });
    await before[1].ask('update_last_opened_volunteer', { chat_id: chatId });
    await before[0].next('start_timer');
    await announced();
    // This gateway has never heard of it.
    world.gateways.push(world.stopLater(await startChatGateway(world.env)));
    const later = await world.connect(user, world.gateways.length - 1);
    await requestsOn(later);
    expect(later.all('start_timer')).toEqual([]);
    for (const socket of before) expect(socket.all('start_timer')).toHaveLength(1);
  });
});
