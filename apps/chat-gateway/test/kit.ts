import type {
  Ack,
  BetterTogetherServerEvents,
  BookingServerEvents,
  CallServerEvents,
  CommonServerEvents,
  CompanionServerEvents,
  CounselingServerEvents,
  MessageView,
  Role,
  SupportServerEvents,
} from '@kindline/contracts';
import { createPool } from '@kindline/database';
import type { RunningService } from '@kindline/platform';
import { startRedis } from '@kindline/testing';
import { SignJWT } from 'jose';
import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { io, type Socket } from 'socket.io-client';
import { startSessionApi } from '../../session-api/src/start';
import { startChatGateway } from '../src/start';

export const JWT_SECRET = 'a-secret-of-the-gateway-tests-with-enough-bytes';
export const SERVICE_TOKEN = 'service-token-of-the-gateway-tests';

/** The environment that the services of a test share. */
export const serviceEnv = (databaseUrl: string, redisUrl: string, more: Record<string, string> = {}) => ({
  DATABASE_URL: databaseUrl,
  REDIS_URL: redisUrl,
  JWT_SECRET,
  BACKEND_SERVICE_TOKEN: SERVICE_TOKEN,
  HOST: '127.0.0.1',
  NODE_ENV: 'test',
  LOG_LEVEL: 'silent',
  RATE_LIMIT_DISABLED: 'true',
  SESSION_API_PORT: '0',
  CHAT_GATEWAY_PORT: '0',
  SCHEDULER_PORT: '0',
  NOTIFICATION_WORKER_PORT: '0',
  ...more,
});

/** Asks again until `look` answers something, and says what it was waiting for when it never does. */
export async function eventually<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  withinMs = 10_000,
): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** The item at `index`; a test that has none is wrong. */
export function at<T>(items: readonly T[], index: number): T {
  const item = items.at(index);
  if (item === undefined) throw new RangeError(`there is no item ${index} of ${items.length}`);
  return item;
}

export interface TestPerson {
  sub: string;
  email: string;
  token: string;
}

export async function makePerson(
  roles: Role | readonly Role[],
  sub = `${[roles].flat()[0]}-${randomUUID()}`,
): Promise<TestPerson> {
  const email = `${sub}@example.org`;
  const token = await new SignJWT({ email, name: 'Robin', roles: [roles].flat() })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(sub)
    .setExpirationTime('1h')
    .sign(new TextEncoder().encode(JWT_SECRET));
  return { sub, email, token };
}

export interface HttpAnswer {
  status: number;
  body: Record<string, unknown>;
}

export async function http(
  port: number,
  method: string,
  path: string,
  token?: string,
  body?: object,
): Promise<HttpAnswer> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    headers: { ...(token && { authorization: `Bearer ${token}` }), 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

type ServerEvents = BetterTogetherServerEvents &
  BookingServerEvents &
  CallServerEvents &
  CommonServerEvents &
  CompanionServerEvents &
  CounselingServerEvents &
  SupportServerEvents;
export type EventName = keyof ServerEvents & string;
export type Payload<Name extends EventName> = Parameters<ServerEvents[Name]>[0];
export type ChatMessage = Payload<'chat_message'>;
export type Sent = Ack<{ id: string; seq: number; timestamp: string; duplicate: boolean }>;
export type Synced = Ack<{ messages: MessageView[]; has_more: boolean }>;

/** Who a socket without a token belongs to. */
const GUEST: TestPerson = { sub: 'a guest', email: '', token: '' };

/** Hears every frame as it came, also those of the handshake and acks, and those that belong to no event. */
export type HearFrame = (frame: string) => void;

export function hearFrames({ io: { engine } }: Socket, hear: HearFrame): void {
  engine.on('packet', ({ type, data }) => hear(`${type} ${String(data)}`));
}

/** A socket that remembers everything the server said. */
export class TestSocket {
  readonly seen: { event: string; payload: unknown }[] = [];

  private constructor(
    readonly socket: Socket,
    readonly person: TestPerson,
  ) {
    socket.onAny((event: string, payload: unknown) => this.seen.push({ event, payload }));
  }

  static async connect(
    port: number,
    person: TestPerson,
    withinMs?: number,
    hear?: HearFrame,
  ): Promise<TestSocket> {
    const socket = io(`http://127.0.0.1:${port}`, {
      ...(person.token && { auth: { token: person.token } }),
      transports: ['websocket'],
      forceNew: true,
      reconnection: false,
    });
    if (hear) hearFrames(socket, hear);
    const own = new TestSocket(socket, person);
    try {
      await own.next('connection_response', undefined, withinMs);
    } catch (error) {
      own.close();
      throw error;
    }
    return own;
  }

  /** Shows no token in its handshake. */
  static guest(port: number, withinMs?: number): Promise<TestSocket> {
    return TestSocket.connect(port, GUEST, withinMs);
  }

  all<Name extends EventName>(event: Name): Payload<Name>[] {
    return this.seen.filter((one) => one.event === event).map((one) => one.payload as Payload<Name>);
  }

  /** The first such event, past or to come. */
  next<Name extends EventName>(
    event: Name,
    where: (payload: Payload<Name>) => boolean = () => true,
    withinMs = 10_000,
  ): Promise<Payload<Name>> {
    const what = `${event} for ${this.person.sub}, who saw ${this.seen.map((one) => one.event).join(', ')}`;
    // Wrapped, because the payload of some events is undefined.
    return eventually(
      what,
      () => {
        const payload = this.all(event).find(where);
        return this.seen.some((one) => one.event === event) &&
          (payload !== undefined || event === 'refresh_vol_dash')
          ? { payload: payload as Payload<Name> }
          : undefined;
      },
      withinMs,
    ).then(({ payload }) => payload);
  }

  messages(chatId: string): ChatMessage[] {
    return this.all('chat_message').filter((message) => message.chat_id === chatId);
  }

  ask<Answer = Ack>(event: string, payload: unknown, withinMs = 10_000): Promise<Answer> {
    return this.socket.timeout(withinMs).emitWithAck(event, payload) as Promise<Answer>;
  }

  send(
    chatId: string,
    message: string,
    more: { client_id?: string; reply_message?: unknown } = {},
  ): Promise<Sent> {
    return this.ask<Sent>('chat_message', {
      chat_id: chatId,
      sender_mail: this.person.email,
      message,
      ...more,
    });
  }

  sync(conversationId: string, afterSeq: number): Promise<Synced> {
    return this.ask<Synced>('messages:sync', { conversationId, afterSeq });
  }

  close(): void {
    this.socket.disconnect();
  }
}

/** Two replicas each of the session API and the gateway, unless other numbers are given. */
export class World {
  readonly apis: RunningService[] = [];
  readonly gateways: RunningService[] = [];
  private readonly sockets: TestSocket[] = [];
  private readonly undo: (() => Promise<unknown> | void)[] = [];

  private constructor(
    readonly env: ReturnType<typeof serviceEnv>,
    readonly sql: Pool,
  ) {}

  static async start(
    databaseUrl: string,
    {
      redisUrl,
      apis = 1,
      gateways = 2,
      more = {},
    }: {
      redisUrl?: string;
      apis?: number;
      gateways?: number;
      more?: Record<string, string>;
    } = {},
  ): Promise<World> {
    const redis = redisUrl ? undefined : await startRedis();
    const sql = createPool(databaseUrl, 'test', 5);
    const world = new World(serviceEnv(databaseUrl, redisUrl ?? redis?.url ?? '', more), sql);
    if (redis) world.undo.push(() => redis.dispose());
    world.undo.push(() => sql.end());
    for (let n = 0; n < apis; n++) world.apis.push(world.stopLater(await startSessionApi(world.env)));
    for (let n = 0; n < gateways; n++)
      world.gateways.push(world.stopLater(await startChatGateway(world.env)));
    return world;
  }

  stopLater<Service extends { stop(): Promise<unknown> }>(service: Service): Service {
    this.undo.push(() => service.stop());
    return service;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.close();
    for (const undo of this.undo.reverse()) await undo();
  }

  api(method: string, path: string, person: TestPerson, body?: object, replica = 0): Promise<HttpAnswer> {
    return http(at(this.apis, replica).port, method, path, person.token, body);
  }

  /** A person who exists. */
  async person(role: Role): Promise<TestPerson> {
    const person = await makePerson(role);
    await this.api('GET', '/api/conversations', person);
    return person;
  }

  /** A volunteer who may be asked. */
  async volunteer(capacity?: number): Promise<TestPerson> {
    const person = await this.person('volunteer');
    await this.api('PATCH', '/api/volunteers/me', person, { available: true });
    if (capacity !== undefined) {
      const admin = await makePerson('admin');
      await this.api('PATCH', `/api/volunteers/${person.sub}`, admin, { capacity });
    }
    return person;
  }

  /** Nobody is asked any more but those who come after this. */
  async nobodyAvailable(): Promise<void> {
    await this.sql.query('UPDATE helper_profiles SET available = false');
  }

  request(user: TestPerson, need = 'I need someone', replica = 0): Promise<HttpAnswer> {
    const body = { user_email: user.email, i_need_message: need, conversation_type: 'better_together' };
    return this.api('POST', '/start_chat_session', user, body, replica);
  }

  accept(volunteer: TestPerson, user: TestPerson, replica = 0): Promise<HttpAnswer> {
    const body = { volunteer_email: volunteer.email, user_email: user.email };
    return this.api('POST', '/accept_chat_request', volunteer, body, replica);
  }

  cancel(user: TestPerson, replica = 0): Promise<HttpAnswer> {
    return this.api('POST', '/cancel_chat_request', user, { user_email: user.email }, replica);
  }

  /** A user and a volunteer who talk to each other. */
  async chat(): Promise<{ user: TestPerson; volunteer: TestPerson; chatId: string }> {
    const [user, volunteer] = await Promise.all([this.person('user'), this.volunteer()]);
    await this.request(user);
    const { body } = await this.accept(volunteer, user);
    if (typeof body['chat_id'] !== 'string') throw new Error(`not accepted: ${JSON.stringify(body)}`);
    return { user, volunteer, chatId: body['chat_id'] };
  }

  async connect(person: TestPerson, gateway = 0): Promise<TestSocket> {
    return this.closeLater(await TestSocket.connect(at(this.gateways, gateway).port, person));
  }

  async guest(gateway = 0): Promise<TestSocket> {
    return this.closeLater(await TestSocket.guest(at(this.gateways, gateway).port));
  }

  closeLater(socket: TestSocket): TestSocket {
    this.sockets.push(socket);
    return socket;
  }
}

/** When the push about this chat's news to this person is due. */
export async function pushDue(sql: Pool, chatId: string, sub: string): Promise<Date | null> {
  const { rows } = await sql.query<{ push_due_at: Date | null }>(
    `SELECT m.push_due_at FROM conversation_members m JOIN people p ON p.id = m.person_id
    WHERE m.conversation_id = $1 AND p.sub = $2`,
    [chatId, sub],
  );
  return at(rows, 0).push_due_at;
}
