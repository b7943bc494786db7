import { type ErrorCode, MESSAGE_MAX_BYTES } from '@kindline/contracts';
import { createTestDatabase, signToken, type TestDatabase } from '@kindline/testing';
import { io, type Socket } from 'socket.io-client';
import { EventRouter } from '../src/sockets/event-router';
import { BOOKING_CASES } from './booking-event-cases';
import { backendOn, booking } from './booking-kit';
import { CALL_CASES } from './call-event-cases';
import { companionConversation } from './call-kit';
import { CHAT_CASES, message } from './chat-event-cases';
import { COMPANION_CASES } from './companion-event-cases';
import { accept, done, request, send as sendNew } from './companion-kit';
import { type EventCase, NOBODY, type Sender } from './event-case';
import { SUPPORT_CASES } from './support-event-cases';
import { act, open } from './support-kit';
import { at, eventually, makePerson, type Sent, type TestPerson, TestSocket, World } from './kit';

/** One case per event of the gateway. */
const CASES: Readonly<Record<string, EventCase>> = {
  ...CHAT_CASES,
  ...COMPANION_CASES,
  ...BOOKING_CASES,
  ...CALL_CASES,
  ...SUPPORT_CASES,
};
const cases = Object.entries(CASES).map(([event, one]) => ({ event, ...one }));

describe('every event refuses what it must, and changes nothing', () => {
  let database: TestDatabase;
  let world: World;
  let before: unknown;
  const sockets = {} as Record<Exclude<Sender, 'guest'>, TestSocket>;
  const opened: Socket[] = [];
  const values = new Map<string, string>();

  const fill = (value: unknown): unknown => {
    if (typeof value === 'string') return values.get(value) ?? value;
    if (Array.isArray(value)) return value.map(fill);
    if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, fill(inner)]));
  };
  const port = (): number => at(world.gateways, 0).port;

  /** What chats hold; when a role was last seen is not among it. */
  const stored = async () =>
    Promise.all(
      [
        'people',
        'help_requests',
        'invitations',
        'conversations',
        'conversation_members',
        'messages',
        'message_reads',
        'notifications',
        'call_records',
        'booking_notifications',
        'facilitator_sessions',
        'audit_log',
      ].map(async (table) => {
        const { rows } = await world.sql.query<{ row: string }>(
          `SELECT to_jsonb(t)::text AS row FROM ${table} t ORDER BY 1`,
        );
        return [table, rows.map(({ row }) => row)];
      }),
    );

  const connect = (auth: object): Socket => {
    const options = { auth, transports: ['websocket'], forceNew: true, reconnection: false };
    const socket = io(`http://127.0.0.1:${port()}`, options);
    opened.push(socket);
    return socket;
  };
  const once = <T>(socket: Socket, event: string): Promise<T> =>
    new Promise((resolve) => socket.once(event, (value: T) => resolve(value)));

  interface Refusal {
    ok: boolean;
    error: { code: ErrorCode; message: string };
  }
  const expectRefusal = (answer: Refusal, code: ErrorCode, what: unknown): void => {
    expect([what, answer]).toEqual([
      what,
      {
        ok: false,
        error: expect.objectContaining({ code, message: expect.stringMatching(/./) }),
      },
    ]);
  };
  /** A guest may stay for a few seconds only, so that each comes anew. */
  const socketOf = async (sender: Sender): Promise<TestSocket> =>
    sender === 'guest' ? guest() : sockets[sender];
  const guest = async (): Promise<TestSocket> => {
    const socket = await TestSocket.guest(port());
    opened.push(socket.socket);
    return socket;
  };
  const ask = async (sender: Sender, event: string, payload: unknown): Promise<Refusal> =>
    (await socketOf(sender)).ask<Refusal>(event, fill(payload));

  beforeAll(async () => {
    database = await createTestDatabase();
    world = await World.start(database.url, { gateways: 1 });
    const { user, volunteer, chatId } = await world.chat();
    const people: Record<'user' | 'volunteer' | 'stranger' | 'otherVolunteer', TestPerson> = {
      user,
      volunteer,
      stranger: await world.person('user'),
      otherVolunteer: await world.person('volunteer'),
    };
    for (const [name, { email, sub }] of Object.entries(people)) {
      values.set(`<${name}>`, email);
      values.set(`<${name} sub>`, sub);
    }
    values.set('<chat>', chatId);
    const { id } = await companionConversation(world, { seeker: user, helper: volunteer });
    values.set('<call chat>', id);
    Object.assign(sockets, {
      user: await world.connect(people.user),
      volunteer: await world.connect(people.volunteer),
      stranger: await world.connect(people.stranger),
      otherVolunteer: await world.connect(people.otherVolunteer),
      facilitator: await world.connect(await makePerson('facilitator', '7001')),
      otherFacilitator: await world.connect(await makePerson('facilitator', '7002')),
      backend: await backendOn(world),
    });
    done(await request(sockets.user));
    const companionship = done(await accept(sockets.volunteer, user)).conversationId;
    done(await sendNew(sockets.user, companionship, 'hello'));
    values.set('<companionship>', companionship);
    values.set('<channel>', await openChannel(user));
    // Only now, or it would be theirs.
    sockets.otherAgent = await world.connect(await world.person('agent'));
    await nameTokens();
    values.set('<own notification>', await publish(7001, 'unread'));
    values.set('<foreign notification>', await publish(7002, 'walked'));
  });

  /** A channel with one message, which somebody else has claimed. */
  async function openChannel(user: TestPerson): Promise<string> {
    const channel = await open(world, user, { message: 'hello' });
    expect(await act(world, await world.person('agent'), 'claim', channel)).toMatchObject({ status: 200 });
    return channel.id;
  }

  /** The tokens and ids that cases of bookings name. */
  async function nameTokens(): Promise<void> {
    const facilitator = { sub: '7001', roles: ['facilitator'] };
    const secret = world.env.JWT_SECRET;
    const { payload } =
      /^[^.]*\.(?<payload>[^.]*)/.exec(await signToken(facilitator, { secret }))?.groups ?? {};
    const named: Record<string, string> = {
      '<facilitator>': '7001',
      '<other facilitator>': '7002',
      '<facilitator token>': sockets.facilitator.person.token,
      '<other facilitator token>': sockets.otherFacilitator.person.token,
      '<service token>': world.env.BACKEND_SERVICE_TOKEN,
      '<admin token>': (await world.person('admin')).token,
      '<expired token>': await signToken(facilitator, { secret, expiresIn: '-1s' }),
      '<forged token>': await signToken(facilitator, { secret: 'x'.repeat(48) }),
      '<unsigned token>': `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`,
      '<token without sub>': await signToken({ roles: ['facilitator'] }, { secret }),
      '<token without role>': await signToken({ ...facilitator, roles: ['volunteer'] }, { secret }),
      "<thief's token>": await signToken(
        { sub: 'thief', email: values.get('<user>') ?? '', roles: ['facilitator'] },
        { secret },
      ),
    };
    for (const [name, value] of Object.entries(named)) values.set(name, value);
  }

  async function publish(facilitator_id: number, event_id: string): Promise<string> {
    const sent = booking({ booking_id: 1, facilitator_id, event_id });
    const { notification_id } = await sockets.backend.ask<{ notification_id: string }>(
      'booking_notification',
      sent,
    );
    return notification_id;
  }
  beforeEach(async () => {
    before = await stored();
  });
  afterEach(() => {
    for (const socket of opened.splice(0)) socket.disconnect();
  });
  afterAll(async () => {
    await world.stop();
    await database.drop();
  });

  it('has a case for every event of the gateway', () => {
    const names = at(world.gateways, 0).app.get(EventRouter).names;
    expect(Object.keys(CASES).sort()).toEqual([...names].sort());
  });

  describe('at the door', () => {
    const claims = { sub: 'somebody', roles: ['user'] };
    const secret = () => world.env.JWT_SECRET;
    it.each<[string, () => unknown]>([
      ['garbage', () => 'garbage'],
      ['an expired token', () => signToken(claims, { secret: secret(), expiresIn: '-1s' })],
      ['a token of another secret', () => signToken(claims, { secret: 'x'.repeat(48) })],
      ['a token without a subject', () => signToken({ roles: ['user'] }, { secret: secret() })],
      ['the service token', () => world.env.BACKEND_SERVICE_TOKEN],
      ['a number', () => 7],
      ['an object', () => ({ token: 'x' })],
    ])('refuses %s as unauthenticated', async (_what, make) => {
      const socket = connect({ token: await make() });
      const error = await once<Error & { data?: unknown }>(socket, 'connect_error');
      expect(error.data).toEqual({ code: 'unauthenticated' });
      expect(await stored()).toEqual(before);
    });

    it('refuses a second account with a taken e-mail', async () => {
      const email = values.get('<user>') ?? '';
      const token = await signToken({ sub: 'thief', email, roles: ['user'] }, { secret: secret() });
      const error = await once<Error & { data?: unknown }>(connect({ token }), 'connect_error');
      expect(error.data).toEqual({ code: 'email_taken' });
      expect(await stored()).toEqual(before);
    });

    it('lets a socket without a token stay for 10 seconds', async () => {
      const socket = connect({});
      await once(socket, 'connection_response');
      const began = performance.now();
      await once(socket, 'disconnect');
      expect(Math.round((performance.now() - began) / 1_000)).toBe(10);
    });

    it('refuses every event of a socket without a token, with an ack and without', async () => {
      const socket = connect({});
      await once(socket, 'connection_response');
      for (const { event, payload, entry, failureEvent = 'error', context } of cases) {
        if (entry) continue;
        const answer = (await socket.timeout(5_000).emitWithAck(event, fill(payload))) as Refusal;
        expectRefusal(answer, 'unauthenticated', event);
        const told = once(socket, failureEvent);
        socket.emit(event, fill(payload));
        expect(await told).toEqual({ error: expect.any(String), code: 'unauthenticated', ...context });
      }
      expect(await stored()).toEqual(before);
    });
  });

  describe.each(cases)('$event', (one) => {
    const { event, sender, payload, wrongRoles, wrong, foreign, failureEvent = 'error' } = one;

    // Their people are made on purpose, so they are made before looking.
    it('is refused to other roles', async () => {
      const people = await Promise.all(wrongRoles.map((role) => makePerson(role)));
      const others = await Promise.all(people.map((person) => world.connect(person)));
      const now = await stored();
      for (const other of others) {
        // With nothing else to refuse it for: their own e-mail, and a chat that would not be found.
        const { email, sub, token } = other.person;
        const mine = JSON.stringify(payload)
          .replaceAll(/<user>|<volunteer>/g, email)
          .replaceAll(/<user sub>|<volunteer sub>/g, sub)
          .replace('<companionship>', NOBODY)
          .replace('<facilitator>', sub)
          .replace('<facilitator token>', token)
          .replace(/<chat>|<call chat>|<channel>/, NOBODY);
        const answer = await other.ask<Refusal>(event, JSON.parse(mine));
        expectRefusal(answer, 'forbidden', other.person.sub);
        other.close();
      }
      expect(await stored()).toEqual(now);
    });

    it("is refused for other people's ids and unknown ones", async () => {
      for (const other of foreign) {
        expectRefusal(await ask(other.sender, event, other.payload), other.code, other.what);
      }
      expect(await stored()).toEqual(before);
    });

    it('takes nothing but what it is documented to take', async () => {
      const derived: unknown[] = [null, 7, true, 'text', [], [payload]];
      if (typeof payload === 'object' && payload !== null) {
        if (Object.keys(payload).length > 0) derived.push({});
        derived.push({ ...payload, surprise: 1 });
        for (const name of Object.keys(payload)) {
          for (const value of [{ $ne: 1 }, [['x']], true, null]) {
            if (!one.takes?.(name, value)) derived.push({ ...payload, [name]: value });
          }
        }
      }
      for (const value of [...derived, ...wrong]) {
        expectRefusal(await ask(sender, event, value), 'validation_failed', value);
      }
      expect(await stored()).toEqual(before);
    });

    it('is refused without a payload', async () => {
      const { socket } = await socketOf(sender);
      const answer = (await socket.timeout(5_000).emitWithAck(event)) as Refusal;
      expectRefusal(answer, 'validation_failed', 'nothing');
      expect(await stored()).toEqual(before);
    });

    it(`tells failures by the event ${failureEvent} where there is no callback`, async () => {
      const tells = async (
        from: Sender,
        value: unknown,
        code: ErrorCode,
        context?: object,
      ): Promise<void> => {
        const { socket } = await socketOf(from);
        const told = once(socket, failureEvent);
        socket.emit(event, fill(value));
        expect(await told).toEqual({ error: expect.any(String), code, ...context });
      };
      await tells(sender, undefined, 'validation_failed');
      await tells(sender, { surprise: 1 }, 'validation_failed');
      for (const other of foreign) {
        const id = (other.payload as { booking_id?: unknown }).booking_id;
        await tells(other.sender, other.payload, other.code, one.context && { booking_id: id });
      }
      expect(await stored()).toEqual(before);
    });
  });

  describe('messages', () => {
    const send = (text: string): Promise<Sent> => sockets.user.send(values.get('<chat>') ?? '', text);

    it.each([
      ['of one-byte characters', 'x'.repeat(MESSAGE_MAX_BYTES + 1)],
      ['of two-byte characters', `${'é'.repeat(MESSAGE_MAX_BYTES / 2)}x`],
      ['of four-byte characters', `${'🙂'.repeat(MESSAGE_MAX_BYTES / 4)}x`],
      ['of 100,000 bytes', 'x'.repeat(100_000)],
    ])('over 8,192 bytes %s are too large, and the socket stays', async (_what, text) => {
      expect(await send(text)).toMatchObject({ ok: false, error: { code: 'too_large' } });
      const told = once(sockets.user.socket, 'error');
      sockets.user.socket.emit('chat_message', fill(message({ message: text })));
      expect(await told).toMatchObject({ code: 'too_large' });
      expect(await stored()).toEqual(before);
      expect(await sockets.user.sync(values.get('<chat>') ?? '', 0)).toMatchObject({ ok: true });
    });

    it.each([
      ['8,192 bytes of one-byte characters', 'x'.repeat(MESSAGE_MAX_BYTES)],
      ['8,192 bytes of four-byte characters', '🙂'.repeat(MESSAGE_MAX_BYTES / 4)],
      ['one byte', 'x'],
      ['SQL', "'; DROP TABLE messages; --"],
      ['markup, line breaks and control characters', '<script>\r\n\t\u0007\u001b[31m</script>'],
      ['the look of an escape', '\\u0000 \\ud800'],
    ])('of %s arrive as they were sent', async (_what, text) => {
      const sent = await send(text);
      expect(sent).toMatchObject({ ok: true, duplicate: false });
      const seq = sent.ok ? sent.seq : 0;
      const got = await sockets.volunteer.next('chat_message', (one) => one.seq === seq);
      expect(got.message).toBe(text);
      const synced = await sockets.user.sync(values.get('<chat>') ?? '', seq - 1);
      expect(synced.ok && at(synced.messages, 0).content).toBe(text);
    });

    it('may answer what looks like an escape', async () => {
      const sent = await sockets.user.send(values.get('<chat>') ?? '', 'see above', {
        reply_message: { quoted: 'C:\\u0000 and \\ud800' },
      });
      expect(sent).toMatchObject({ ok: true });
    });

    it.each([33, 4_000, 100_000])('may not answer something nested %i levels deep', async (levels) => {
      const { socket } = sockets.user;
      const deep = '['.repeat(levels) + ']'.repeat(levels);
      const body = JSON.stringify(fill(message({ reply_message: { deep: 1 } })));
      const told = once(socket, 'error');
      socket.io.engine.write(`2["chat_message",${body.replace('{"deep":1}', `{"deep":${deep}}`)}]`);
      expect(await told).toMatchObject({ code: 'validation_failed' });
      expect(await stored()).toEqual(before);
    });

    it('keep the socket connected, whatever was refused', () => {
      for (const { socket } of Object.values(sockets)) expect(socket.connected).toBe(true);
    });
  });

  it.each([['nonsense'], ['message:old'], ['constructor'], ['__proto__'], ['toString'], ['x'.repeat(500)]])(
    'answers the unknown event %p with not_found',
    async (event) => {
      const { socket } = sockets.user;
      const answer = (await socket.timeout(5_000).emitWithAck(event, {})) as Refusal;
      expectRefusal(answer, 'not_found', event);
      const told = once<{ error: string }>(socket, 'error');
      socket.emit(event, {});
      const failure = await told;
      expect(failure).toMatchObject({ code: 'not_found' });
      expect(failure.error.length).toBeLessThan(200);
    },
  );

  it('answers an event whose name is a number with not_found', async () => {
    const { socket } = sockets.user;
    // The protocol allows numbers; the client's types do not.
    const told = once(socket, 'error');
    socket.emit(7 as unknown as string, {});
    expect(await told).toMatchObject({ code: 'not_found' });
  });

  it('survives packets that are none', async () => {
    const socket = connect({ token: sockets.stranger.person.token });
    await once(socket, 'connection_response');
    const gone = once(socket, 'disconnect');
    socket.io.engine.write('2["join"');
    socket.io.engine.write('{}');
    await gone;
    const live = await fetch(`http://127.0.0.1:${port()}/health/live`);
    expect(live.status).toBe(200);
    await eventually('the others are still served', async () => {
      const answer = await sockets.user.sync(values.get('<chat>') ?? '', 0);
      return answer.ok;
    });
  });
});
