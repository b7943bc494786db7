import { createTestDatabase, type TestDatabase } from '@kindline/testing';
import { Redis } from 'ioredis';
import { at, eventually, type TestPerson, World } from '../../../apps/chat-gateway/test/kit';
import type { AnonymousChat, KindlineClient } from '../src/api';
import { createClient } from '../src/create-client';
import { Wire } from './counseling-wire';

let database: TestDatabase;
let world: World;

beforeAll(async () => {
  database = await createTestDatabase();
  world = await World.start(database.url, { gateways: 2 });
}, 60_000);
afterAll(async () => {
  await world.stop();
  await database.drop();
});

/** Somebody's client, connected. */
async function clientOf(
  person: TestPerson,
  { port } = at(world.gateways, 0) as { port: number },
): Promise<KindlineClient> {
  const client = createClient({
    gatewayUrl: `http://127.0.0.1:${port}`,
    apiUrl: `http://127.0.0.1:${at(world.apis, 0).port}`,
    token: () => person.token,
  });
  world.stopLater({ stop: async () => client.close() });
  client.connect();
  await online(client);
  return client;
}

const online = (client: KindlineClient): Promise<unknown> =>
  eventually('it is online', () => client.connection.get().status === 'online');

const wireTo = async (gateway: number): Promise<Wire> =>
  world.stopLater(await Wire.to(at(world.gateways, gateway).port));

const said = (chat: AnonymousChat): string[] =>
  chat.get().messages.map(({ from, content }) => `${from}: ${content}`);
const states = (chat: AnonymousChat): string[] => chat.get().messages.map(({ state }) => state);
const joined = (chat: AnonymousChat): Promise<unknown> =>
  eventually('it has joined', () => chat.get().status === 'active');

/** A student and a counsellor who alone is free, with their chats. */
async function talk(gateway?: { port: number }) {
  const counsellor = await clientOf(await world.person('counselor'), at(world.gateways, 1));
  const person = await world.person('student');
  const student = await clientOf(person, gateway);
  const { sessionId } = await student.counseling.ask();
  await eventually('it is theirs', () => counsellor.counseling.sessions.get().length === 1);
  const chats = [student.counseling.chat(sessionId), counsellor.counseling.chat(sessionId)] as const;
  await Promise.all(chats.map(joined));
  return { sessionId, student, person, counsellor, own: chats[0], theirs: chats[1] };
}

describe('anonymous counselling', () => {
  it('is asked for, waits in the queue, and is given to whoever comes', async () => {
    const student = await clientOf(await world.person('student'));
    const session = await student.counseling.ask('Exams');
    expect(session).toMatchObject({ status: 'queued', position: 1, role: 'student', topic: 'Exams' });
    const own = student.counseling.chat(session.sessionId);
    expect(student.counseling.chat(session.sessionId)).toBe(own);
    await eventually('the student has joined', () => own.get().status === 'queued');
    await own.send('Is somebody there?');

    const counsellor = await clientOf(await world.person('counselor'), at(world.gateways, 1));
    const { sessions } = counsellor.counseling;
    await eventually('it is theirs', () => sessions.get().some(({ createdAt }) => createdAt !== null));
    expect(sessions.get()).toMatchObject([
      { sessionId: session.sessionId, role: 'counselor', status: 'active', topic: 'Exams' },
    ]);
    const theirs = counsellor.counseling.chat(session.sessionId);
    await eventually('the history has come', () => theirs.get().messages.length === 1);
    await joined(own);
    expect(own.get().position).toBeNull();
    expect(states(own)).toEqual(['sent']);

    theirs.typing();
    await eventually('it is seen who types', () => own.get().typing);
    expect(states(own)).toEqual(['delivered']);
    await theirs.send('I am here.');
    await eventually('it has come', () => own.get().messages.length === 2);
    expect(own.get().typing).toBe(false);
    // Everything is forgotten so long after the last message.
    const forgottenAfterMs = at(sessions.get(), 0).forgottenAfterMs ?? 0;
    expect(forgottenAfterMs).toBe(86_400_000);
    for (const chat of [own, theirs]) {
      const last = at(chat.get().messages, -1);
      expect(chat.get().forgottenAt).toBe(new Date(Date.parse(last.at) + forgottenAfterMs).toISOString());
    }
    expect(said(own)).toEqual(['me: Is somebody there?', 'other: I am here.']);
    expect(said(theirs)).toEqual(['other: Is somebody there?', 'me: I am here.']);
    const summary = await counsellor.counseling.summary(session.sessionId);
    expect(summary).toMatchObject({ messageCount: 2, generatedBy: 'local' });

    await theirs.end();
    await eventually('both see it', () => [own, theirs].every((chat) => chat.get().status === 'ended'));
    expect(own.get().ended).toEqual({ by: 'counselor', reason: 'ended' });
    expect(student.counseling.sessions.get()).toEqual([]);
    await own.send('Wait');
    expect(own.get().messages.at(-1)).toMatchObject({
      state: 'failed',
      error: { code: 'conversation_ended' },
    });
    counsellor.close();
  });

  it('shows everything once and in one order, whatever becomes of the connection', async () => {
    const wire = await wireTo(0);
    const { own, theirs, student, counsellor } = await talk(wire);
    for (let n = 1; n <= 3; n++) {
      wire.deafen();
      await own.send(`mine ${n}`);
      await eventually('it is stored', () => said(theirs).includes(`other: mine ${n}`));
      await own.send(`mine ${n} again`);
      await theirs.send(`yours ${n}`);
      await eventually('it is stored', () => states(theirs).at(-1) !== 'sending');
      expect(states(own).slice(-2)).toEqual(['sending', 'sending']);
      wire.cut();
      await eventually('it is back', () => said(own).includes(`other: yours ${n}`));
      await eventually('all is said', () => !states(own).includes('sending'));
    }
    const all = own.get().messages.map(({ content }) => content);
    await eventually('it is there, too', () => theirs.get().messages.length >= all.length);
    expect(theirs.get().messages.map(({ content }) => content)).toEqual(all);
    expect(all.filter((content) => content.startsWith('mine'))).toEqual(
      [1, 2, 3].flatMap((n) => [`mine ${n}`, `mine ${n} again`]),
    );
    expect(all.filter((content) => content.startsWith('yours'))).toEqual(['yours 1', 'yours 2', 'yours 3']);
    student.close();
    counsellor.close();
  });

  it('loads page by page what was said earlier or meanwhile, and keeps several sessions apart', async () => {
    const { sessionId, own, theirs, counsellor, student } = await talk();
    const other = await clientOf(await world.person('student'));
    const second = await other.counseling.ask();
    await eventually('both are theirs', () => counsellor.counseling.sessions.get().length === 2);
    const others = counsellor.counseling.chat(second.sessionId);
    await Promise.all([joined(others), others.send('You are the second one')]);
    await theirs.send('1');
    await eventually('it has come', () => own.get().messages.length === 1);
    student.close();
    await own.send('61');
    for (let n = 2; n <= 60; n++) await theirs.send(`${n}`);
    await eventually('all is said', () => !states(theirs).includes('sending'));
    student.connect();
    const numbers = Array.from({ length: 61 }, (_, index) => String(index + 1));
    await eventually('all has come', () => own.get().messages.length === numbers.length);
    await eventually('it is said', () => !states(own).includes('sending'));
    expect(own.get().messages.map(({ content }) => content)).toEqual(numbers);
    expect(said(others)).toEqual(['me: You are the second one']);

    theirs.leave();
    const anew = counsellor.counseling.chat(sessionId);
    expect(anew).not.toBe(theirs);
    await eventually('a page has come', () => anew.get().messages.length === 50);
    expect(anew.get().hasOlder).toBe(true);
    await Promise.all([anew.loadOlder(), anew.loadOlder()]);
    expect(anew.get().messages.map(({ content }) => content)).toEqual(numbers);
    expect(anew.get().hasOlder).toBe(false);
    for (const client of [student, other, counsellor]) client.close();
  });

  it('says so when everything was forgotten meanwhile', async () => {
    const { sessionId, own, student, counsellor } = await talk();
    student.close();
    expect(own.get().status).toBe('connecting');
    const redis = new Redis(world.env.REDIS_URL);
    await redis.del(...(await redis.keys(`*${sessionId}*`)));
    redis.disconnect();
    student.connect();
    await eventually('it is known', () => own.get().status === 'forgotten');
    counsellor.close();
  });
});
