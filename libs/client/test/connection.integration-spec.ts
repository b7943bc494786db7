import { SignJWT } from 'jose';
import { startChatGateway } from '../../../apps/chat-gateway/src/start';
import { eventually, JWT_SECRET, makePerson, type TestPerson } from '../../../apps/chat-gateway/test/kit';
import type { ConnectionState, KindlineClient } from '../src';
import { memoryStorage } from '../src/storage/storage';
import { ClientWorld } from './client-world';

jest.setTimeout(60_000);

const online = ({ connection }: KindlineClient) =>
  eventually('it is online', () => connection.get().status === 'online');

/** What its connection has gone through. */
function statesOf({ connection }: KindlineClient): ConnectionState[] {
  const states: ConnectionState[] = [];
  connection.subscribe(() => states.push(connection.get()));
  return states;
}

const shortToken = ({ sub, email }: TestPerson, seconds: number): Promise<string> =>
  new SignJWT({ email, roles: ['senior'] })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(sub)
    .setExpirationTime(Math.floor(Date.now() / 1_000) + seconds)
    .sign(new TextEncoder().encode(JWT_SECRET));

describe('the connection of a client', () => {
  let clients: ClientWorld;
  beforeAll(async () => {
    clients = await ClientWorld.start();
  });
  afterAll(() => clients.stop());

  it('asks for a new token when the server refuses one, and goes on', async () => {
    const person = await makePerson('senior');
    const asked: string[] = [];
    const client = clients.client(person, 0, {
      token: (why) => {
        asked.push(why);
        return why === 'wanted' ? shortToken(person, -60) : person.token;
      },
    });
    await online(client);
    expect(asked.filter((why) => why === 'expired')).not.toHaveLength(0);
    expect(client.me.get()).toEqual({
      sub: person.sub,
      email: person.email,
      name: 'Robin',
      roles: ['senior'],
    });
    await expect(client.request('GET', '/api/conversations')).resolves.toMatchObject({ conversations: [] });
  });

  it('is refused when the new token is no better, and tries again when told to', async () => {
    const person = await makePerson('senior');
    let good = false;
    const client = clients.client(person, 0, {
      token: () => (good ? person.token : shortToken(person, -60)),
    });
    await eventually('it is refused', () => client.connection.get().status === 'refused');
    expect(client.connection.get().code).toBe('unauthenticated');
    await expect(client.companion.ask('chat')).rejects.toMatchObject({ code: 'network' });
    good = true;
    client.connect();
    await online(client);
  });

  it('signs out where there is no token', async () => {
    const client = clients.client(await makePerson('senior'), 0, { token: () => null });
    await eventually('it is refused', () => client.connection.get().status === 'refused');
    await expect(client.request('GET', '/api/conversations')).rejects.toMatchObject({
      code: 'unauthenticated',
    });
  });

  it('renews a token that expires while it is connected', async () => {
    const person = await makePerson('senior');
    const asked: string[] = [];
    const client = clients.client(person, 0, {
      token: (why) => {
        asked.push(why);
        return why === 'wanted' && asked.length < 5 ? shortToken(person, 2) : person.token;
      },
    });
    await online(client);
    const states = statesOf(client);
    await eventually('it lost its connection', () => states.some(({ status }) => status === 'offline'));
    await online(client);
    expect(asked).toContain('expired');
    expect(states.some(({ status }) => status === 'refused')).toBe(false);
  });

  it('carries on, on another gateway, when its own one is drained', async () => {
    const { senior, volunteer, conversationId } = await clients.companions();
    const first = clients.world.stopLater(await startChatGateway(clients.world.env));
    let port = first.port;
    // An address that leads to whichever gateway is there, as a load balancer's does.
    const urls = { gatewayUrl: `http://127.0.0.1:${port}` };
    const client = clients.client(senior, 0, urls);
    const other = clients.client(volunteer).companion.conversation(conversationId);
    await online(client);
    const own = client.companion.conversation(conversationId);
    const sending = Array.from({ length: 50 }, (_, n) => own.send(`message ${n}`));
    await first.stop();
    const second = await startChatGateway({ ...clients.world.env, CHAT_GATEWAY_PORT: String(port) });
    clients.world.stopLater(second);
    port = second.port;
    await Promise.all(sending);
    await eventually('all arrive', () => other.get().messages.length === 50);
    expect(other.get().messages.map(({ content }) => content)).toEqual(
      Array.from({ length: 50 }, (_, n) => `message ${n}`),
    );
    await online(client);
  });

  it('removes everything it has kept when told to forget', async () => {
    const { senior, conversationId } = await clients.companions();
    const storage = memoryStorage();
    await storage.set('of the app', 'stays');
    const client = clients.client(senior, 0, { storage });
    await online(client);
    client.close();
    void client.companion.conversation(conversationId).send('not sent');
    await eventually('it is kept', async () => (await storage.keys()).length === 2);
    await client.forget();
    expect(await storage.keys()).toEqual(['of the app']);
    expect(client.connection.get().status).toBe('closed');
  });

  it('finds the request of an earlier page again, and what became of it', async () => {
    await clients.world.nobodyAvailable();
    const [user, volunteer] = [await clients.world.person('user'), await clients.world.volunteer()];
    const storage = memoryStorage();
    const first = clients.client(user, 0, { storage });
    await online(first);
    const { requestId } = await first.betterTogether.ask('I need someone');
    first.close();
    const second = clients.client(user, 1, { storage });
    await eventually('it is pending', () => second.betterTogether.request.get().status === 'pending');
    expect(second.betterTogether.request.get().requestId).toBe(requestId);
    await expect(second.betterTogether.ask('again')).resolves.toMatchObject({ status: 'pending', requestId });
    second.close();
    await clients.world.accept(volunteer, user);
    const third = clients.client(user, 0, { storage });
    await eventually('it is accepted', () => third.betterTogether.request.get().status === 'accepted');
    const { conversationId } = third.betterTogether.request.get();
    await eventually('it is listed', () =>
      third.conversations.get()?.some(({ id }) => id === conversationId),
    );
  });

  it('says that nobody is there, and cancels', async () => {
    await clients.world.nobodyAvailable();
    const user = await clients.world.person('user');
    const client = clients.client(user);
    await online(client);
    await expect(client.betterTogether.ask('I need someone')).resolves.toMatchObject({ nobodyThere: true });
    await client.betterTogether.cancel();
    expect(client.betterTogether.request.get()).toMatchObject({ status: 'cancelled', nobodyThere: false });
    const senior = clients.client(await clients.world.person('senior'));
    await online(senior);
    await expect(senior.companion.ask('daily')).resolves.toMatchObject({ status: 'pending' });
    await senior.companion.cancel();
    expect(senior.companion.request.get().status).toBe('cancelled');
  });
});
