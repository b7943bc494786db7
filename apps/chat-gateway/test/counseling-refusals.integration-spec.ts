import { MESSAGE_MAX_BYTES } from '@kindline/contracts';
import { createTestDatabase, type TestDatabase } from '@kindline/testing';
import { type JWTPayload, SignJWT } from 'jose';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { io } from 'socket.io-client';
import { CHAT_ROUTER } from '../src/counseling/chat-namespace';
import type { EventRouter } from '../src/sockets/event-router';
import { done } from './companion-kit';
import { ChatSocket, enter, refusedWith, type Session, session, talk } from './counseling-kit';
import { at, http, JWT_SECRET, SERVICE_TOKEN, TestSocket, World } from './kit';

const INVALID = { code: 4001, message: 'Invalid session' };
const UNAUTHORIZED = { code: 4003, message: 'Unauthorized' };

describe('chat tokens and events', () => {
  let database: TestDatabase;
  let world: World;
  let own: Session;
  let other: Session;
  let student: ChatSocket;
  let helper: ChatSocket;

  beforeAll(async () => {
    database = await createTestDatabase();
    world = await World.start(database.url, { gateways: 2 });
    own = await session(world, 'Exams');
    own.counsellor.close();
    other = await session(world);
    [student, helper] = await talk(world, own);
    done(await student.say('hello'));
  }, 60_000);
  afterAll(async () => {
    await world.stop();
    await database.drop();
  });

  const port = (): number => at(world.gateways, 0).port;
  const claimsOf = (token: string): JWTPayload & { chatPermissions: string[] } =>
    JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as JWTPayload & {
      chatPermissions: string[];
    };
  const sign = (
    claims: JWTPayload,
    { secret = JWT_SECRET as string, alg = 'HS256' }: { secret?: string; alg?: string } = {},
  ): Promise<string> =>
    new SignJWT(claims).setProtectedHeader({ alg }).sign(new TextEncoder().encode(secret));
  const changed = async (change: JWTPayload): Promise<string> =>
    sign({ ...claimsOf(own.studentToken), ...change });
  const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

  it('carry a place in one session, for a day, and no account', () => {
    for (const [token, role, { sub }] of [
      [own.studentToken, 'student', own.student],
      [own.counsellorToken, 'counselor', own.counsellor.person],
    ] as const) {
      const claims = claimsOf(token);
      expect(claims).toEqual({
        iss: 'kindline-chat',
        sub: claims['anonymousId'],
        anonymousId: expect.stringMatching(/^anon_/),
        sessionId: own.sessionId,
        role,
        chatPermissions: ['send_message', 'view_history', 'end_session'],
        exp: expect.any(Number),
      });
      expect((claims.exp ?? 0) - Date.now() / 1000).toBeLessThanOrEqual(24 * 3_600);
      expect(JSON.stringify(claims)).not.toContain(sub);
    }
  });

  const refused: [string, () => Promise<unknown> | unknown, typeof INVALID | typeof UNAUTHORIZED][] = [
    ['no token', () => undefined, UNAUTHORIZED],
    ['a number', () => 7, UNAUTHORIZED],
    ['garbage', () => 'garbage', UNAUTHORIZED],
    ["an account's token", () => own.student.token, UNAUTHORIZED],
    ['the service token', () => SERVICE_TOKEN, UNAUTHORIZED],
    [
      'a changed payload',
      () => own.studentToken.replace(/\.[^.]*\./, `.${encoded(claimsOf(other.studentToken))}.`),
      UNAUTHORIZED,
    ],
    ['another secret', () => sign(claimsOf(own.studentToken), { secret: 'x'.repeat(48) }), UNAUTHORIZED],
    ['another algorithm', () => sign(claimsOf(own.studentToken), { alg: 'HS512' }), UNAUTHORIZED],
    [
      'no algorithm',
      () => `${encoded({ alg: 'none' })}.${encoded(claimsOf(own.studentToken))}.`,
      UNAUTHORIZED,
    ],
    [
      'an algorithm of another kind of key',
      () => {
        const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
        const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
        return sign(claimsOf(own.studentToken), { secret: pem });
      },
      UNAUTHORIZED,
    ],
    [
      'a signature by a private key',
      () => {
        const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
        return new SignJWT(claimsOf(own.studentToken)).setProtectedHeader({ alg: 'RS256' }).sign(privateKey);
      },
      UNAUTHORIZED,
    ],
    ['an expired token', () => changed({ exp: 1_000 }), UNAUTHORIZED],
    [
      'a token without an expiry',
      async () => sign({ ...claimsOf(own.studentToken), exp: undefined } as never),
      UNAUTHORIZED,
    ],
    ['another issuer', () => changed({ iss: 'somebody' }), UNAUTHORIZED],
    [
      'an id that is not of the session',
      () => changed({ sub: 'anon_x', anonymousId: 'anon_x' }),
      UNAUTHORIZED,
    ],
    ['a subject that is not the anonymous id', () => changed({ sub: 'anon_x' }), UNAUTHORIZED],
    ['the other side', () => changed({ role: 'counselor' }), UNAUTHORIZED],
    ['a role that is none', () => changed({ role: 'admin' }), UNAUTHORIZED],
    ['another session', () => changed({ sessionId: other.sessionId }), UNAUTHORIZED],
    ['no permissions', () => changed({ chatPermissions: 'send_message' }), UNAUTHORIZED],
    ['an unknown session', () => changed({ sessionId: randomUUID() }), INVALID],
    [
      'an expired token of an unknown session',
      () => changed({ sessionId: randomUUID(), exp: 1_000 }),
      INVALID,
    ],
    ['a session id that is none', () => changed({ sessionId: '} x {' }), INVALID],
  ];
  it.each(refused)('are refused with %s', async (_what, make, refusal) => {
    expect(await refusedWith(port(), await make())).toEqual(refusal);
  });

  it('are worth nothing on the default namespace and on any route', async () => {
    for (const token of [own.studentToken, own.counsellorToken]) {
      expect(await refusedWith(port(), token, '')).toEqual({ code: 'unauthenticated' });
      for (const [method, path] of [
        ['GET', '/api/chat/sessions'],
        ['POST', '/api/chat/request-session'],
        ['POST', `/api/chat/sessions/${own.sessionId}/end`],
        ['GET', '/api/conversations'],
      ] as const) {
        const answer = await http(
          at(world.apis, 0).port,
          method,
          path,
          token,
          method === 'POST' ? {} : undefined,
        );
        expect(answer).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
      }
    }
    const guest = await world.guest();
    const facilitator = { facilitator_id: '7', token: own.studentToken };
    expect(await guest.ask('facilitator_connect', facilitator)).toMatchObject({ ok: false });
  });

  it('let nobody into a namespace that does not exist', async () => {
    await expect(ChatSocket.connect(port(), own.studentToken, '/support')).rejects.toThrow(
      'Invalid namespace',
    );
  });

  it('allow each event only with its permission', async () => {
    const permissionOf: Record<string, string> = {
      message: 'send_message',
      typing: 'send_message',
      history: 'view_history',
      end_session: 'end_session',
    };
    const router = at(world.gateways, 0).app.get<EventRouter>(CHAT_ROUTER);
    expect(Object.keys(permissionOf).sort()).toEqual([...router.names].sort());
    const payloads: Record<string, object> = { message: { content: 'no' }, typing: { on: true } };
    for (const [event, permission] of Object.entries(permissionOf)) {
      const chatPermissions = ['send_message', 'view_history', 'end_session'].filter(
        (one) => one !== permission,
      );
      const socket = await enter(world, await changed({ chatPermissions: [...chatPermissions, 'root'] }));
      const answer = await socket.ask(event, payloads[event] ?? {});
      expect({ event, answer }).toMatchObject({ event, answer: { ok: false, error: { code: 'forbidden' } } });
      socket.socket.emit(event, payloads[event] ?? {});
      expect(await socket.next('error')).toMatchObject({ code: 'forbidden', error: expect.any(String) });
      socket.close();
    }
    expect(helper.texts).not.toContain('no');
  });

  it('drop their socket when they expire, and nothing else on its connection', async () => {
    const token = await changed({ exp: Math.floor(Date.now() / 1000) + 2 });
    const account = io(`http://127.0.0.1:${port()}`, {
      auth: { token: own.student.token },
      transports: ['websocket'],
      reconnection: false,
    });
    const chat = account.io.socket('/counseling', { auth: { token } });
    const failure = new Promise((resolve) => chat.once('error', resolve));
    const left = new Promise((resolve) => chat.once('disconnect', resolve));
    chat.connect();
    expect(await failure).toMatchObject({ code: 'unauthenticated' });
    expect(await left).toBe('io server disconnect');
    expect(account.connected).toBe(true);
    account.disconnect();
  });

  it("outlive the account's token on the same connection", async () => {
    const { sub } = await world.person('student');
    const token = await new SignJWT({ roles: ['student'] })
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject(sub)
      .setExpirationTime(Math.floor(Date.now() / 1000) + 2)
      .sign(new TextEncoder().encode(JWT_SECRET));
    const account = io(`http://127.0.0.1:${port()}`, {
      auth: { token },
      transports: ['websocket'],
      reconnection: false,
    });
    const chat = account.io.socket('/counseling', { auth: { token: own.studentToken } });
    const entered = new Promise((resolve) => chat.once('connect', () => resolve(undefined)));
    const left = new Promise((resolve) => account.once('disconnect', resolve));
    chat.connect();
    await entered;
    expect(await left).toBe('io server disconnect');
    expect(await chat.timeout(5_000).emitWithAck('history', {})).toMatchObject({ ok: true });
    chat.disconnect();
  });

  describe('an event', () => {
    it.each<[string, unknown]>([
      ['message', undefined],
      ['message', null],
      ['message', 'text'],
      ['message', {}],
      ['message', { content: '' }],
      ['message', { content: 7 }],
      ['message', { content: 'a\u0000b' }],
      ['message', { content: 'a\ud800b' }],
      ['message', { content: 'x', clientId: '' }],
      ['message', { content: 'x', clientId: 'x'.repeat(129) }],
      ['message', { content: 'x', sessionId: 'other' }],
      ['history', { limit: 0 }],
      ['history', { limit: 501 }],
      ['history', { limit: 1.5 }],
      ['history', { before: '' }],
      ['history', { before: 'nothing' }],
      ['history', { before: 7 }],
      ['history', { before: `${randomUUID()}:1` }],
      ['history', { surprise: 1 }],
      ['typing', {}],
      ['typing', { on: 'yes' }],
      ['end_session', { surprise: 1 }],
      ['end_session', 'now'],
    ])('%s is refused with %j, and changes nothing', async (event, payload) => {
      const before = done(await student.history());
      const answer = await student.ask(event, payload);
      expect(answer).toMatchObject({
        ok: false,
        error: { code: 'validation_failed', message: expect.any(String) },
      });
      expect(done(await student.history())).toEqual(before);
    });

    it('message is too large over 8,192 bytes, and the socket stays', async () => {
      for (const content of ['x'.repeat(MESSAGE_MAX_BYTES + 1), '🙂'.repeat(MESSAGE_MAX_BYTES / 4) + 'x']) {
        expect(await student.say(content)).toMatchObject({ ok: false, error: { code: 'too_large' } });
      }
      const most = '🙂'.repeat(MESSAGE_MAX_BYTES / 4);
      done(await student.say(most));
      await helper.next('message', ({ content }) => content === most);
    });

    it.each([
      ['of the default namespace', 'chat_message'],
      ['that is none', 'nonsense'],
      ['with the name of a property', '__proto__'],
    ])('%s is not found', async (_what, event) => {
      expect(await student.ask(event, {})).toMatchObject({ ok: false, error: { code: 'not_found' } });
    });

    it('of this namespace means nothing on the default one', async () => {
      const account = await TestSocket.connect(port(), own.student);
      expect(await account.ask('history', {})).toMatchObject({ ok: false, error: { code: 'not_found' } });
      account.close();
    });
  });
});
