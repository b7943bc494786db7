import type { Role } from '@kindline/contracts';
import { createPool } from '@kindline/database';
import {
  Conversations,
  ConversationTimerTasks,
  MessageWriter,
  type NewMessage,
  PresenceDirectory,
  type Program,
  Programs,
  Requests,
} from '@kindline/domain';
import { type RunningService, systemClock } from '@kindline/platform';
import {
  createTestDatabase,
  eventually,
  type OwnServer,
  startRedis,
  TEST_JWT_SECRET,
  TEST_SERVICE_TOKEN,
  testPerson,
  type TestPerson,
} from '@kindline/testing';
import { Redis } from 'ioredis';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pool } from 'pg';
import { type PushSandbox, startPushSandbox } from '../../push-sandbox/src';
import { startSessionApi } from '../../session-api/src/start';
import { startNotificationWorker } from '../src/start';

export const SECRET_WORDS = 'the-words-nobody-else-may-read';

/** Somebody with a device. */
export interface Owner extends TestPerson {
  id: string;
  device: string;
}

export interface Chat {
  id: string;
  requestId: string;
  user: Owner;
  volunteer: Owner;
}

/** What a phone received. */
export interface Push {
  token: string;
  notification: { title: string; body: string };
  data: Record<string, string>;
  android: { priority: string; notification: { channelId: string }; ttl?: string };
  validate_only: boolean;
}

/** An entry of `GET /api/notification-deliveries`. */
export interface Delivery {
  notification_id: string;
  kind: string;
  tokens: string[];
  sender: string | null;
  chat_id: string | null;
  title: string;
  body: string;
  channelKey: string;
  screen: string;
  timeStamp: string;
  status: string;
  reason: string | null;
  attempts: number;
}

/** A new booking, with words that must not reach a phone. */
export const bookingFor = (facilitatorId: string) => ({
  booking_id: randomUUID(),
  user: { id: 5, name: `Jane ${SECRET_WORDS}`, email: 'jane@example.com' },
  session: { id: 1, title: SECRET_WORDS, start_time: '2024-01-15T09:00:00' },
  facilitator_id: facilitatorId,
});

export interface WorldOptions {
  /** Whether the worker knows an FCM. */
  configured?: boolean;
  /** What a PROGRAMS_FILE says. */
  programs?: object;
  /** Settings of the worker. */
  env?: NodeJS.ProcessEnv;
}

/** A worker with the real SDK, the sandbox in FCM's place, and the session API, on a database of their own. */
export class PushWorld {
  private readonly undo: (() => unknown)[] = [];
  private readonly writer: MessageWriter;
  private admin: TestPerson | undefined;

  private constructor(
    readonly worker: RunningService,
    private readonly api: RunningService,
    readonly sandbox: PushSandbox,
    readonly sql: Pool,
    private readonly presence: PresenceDirectory,
    private readonly workerEnv: NodeJS.ProcessEnv,
    readonly redis: OwnServer,
  ) {
    this.writer = new MessageWriter<NewMessage>({
      pool: sql,
      clock: systemClock,
      // As the gateway would say when nobody but the sender is connected.
      prepare: (messages) =>
        Promise.all(
          messages.map(async ({ conversationId, senderId }) => {
            const { rows } = await sql.query<{ id: string }>(
              'SELECT person_id AS id FROM conversation_members WHERE conversation_id = $1 AND person_id <> $2',
              [conversationId, senderId],
            );
            return { absent: rows.map(({ id }) => id) };
          }),
        ),
      onAppended: () => undefined,
    });
  }

  static async start({
    configured = true,
    programs = {},
    env: more = {},
  }: WorldOptions = {}): Promise<PushWorld> {
    const folder = mkdtempSync(join(tmpdir(), 'kindline-push-'));
    const caFile = join(folder, 'ca.pem');
    const [database, redis, sandbox] = await Promise.all([
      createTestDatabase(),
      startRedis(),
      startPushSandbox({ httpPort: 0, tlsPort: 0, caFile }),
    ]);
    const programsFile = join(folder, 'programs.json');
    writeFileSync(programsFile, JSON.stringify(programs));
    const env = {
      PROGRAMS_FILE: programsFile,
      DATABASE_URL: database.url,
      REDIS_URL: redis.url,
      JWT_SECRET: TEST_JWT_SECRET,
      BACKEND_SERVICE_TOKEN: TEST_SERVICE_TOKEN,
      HOST: '127.0.0.1',
      NODE_ENV: 'test',
      LOG_LEVEL: 'silent',
      RATE_LIMIT_DISABLED: 'true',
    };
    const workerEnv = {
      ...env,
      NOTIFICATION_WORKER_PORT: '0',
      PUSH_RETRY_AFTER: '50ms',
      ...(configured && { FCM_ENDPOINT: sandbox.endpoint, FCM_CA_FILE: caFile }),
      ...more,
    };
    const worker = await startNotificationWorker(workerEnv);
    const api = await startSessionApi({ ...env, SESSION_API_PORT: '0' });
    const sql = createPool(database.url, 'test', 4);
    const connection = new Redis(redis.url);
    connection.on('error', () => undefined);
    const presence = new PresenceDirectory(connection);
    const world = new PushWorld(worker, api, sandbox, sql, presence, workerEnv, redis);
    world.undo.push(
      () => api.stop(),
      () => worker.stop(),
      () => connection.disconnect(),
      () => sql.end(),
      () => sandbox.close(),
      () => redis.dispose(),
      () => database.drop(),
      () => rmSync(folder, { recursive: true, force: true }),
    );
    return world;
  }

  async stop(): Promise<void> {
    for (const undo of this.undo) await undo();
  }

  /** Another replica of the worker. */
  async secondWorker(): Promise<RunningService> {
    const second = await startNotificationWorker(this.workerEnv);
    this.undo.unshift(() => second.stop());
    return second;
  }

  get redisUrl(): string {
    return this.workerEnv['REDIS_URL'] ?? '';
  }

  /** A backend's booking for this facilitator, stored by the session API. @returns its id */
  async book(facilitatorId: string, change: object = {}): Promise<string> {
    const backend = { token: TEST_SERVICE_TOKEN } as TestPerson;
    const body = { ...bookingFor(facilitatorId), ...change };
    const path = '/api/bookings/notifications';
    return (await this.call<{ notification_id: string }>(backend, 'POST', path, body)).notification_id;
  }

  get program(): Program {
    return this.worker.app.get(Programs).get('better_together');
  }
  get requests(): Requests {
    return this.worker.app.get(Requests);
  }
  get timers(): ConversationTimerTasks {
    return this.worker.app.get(ConversationTimerTasks);
  }

  async call<Body>(
    person: TestPerson,
    method: string,
    path: string,
    body?: object,
    headers: Record<string, string> = {},
  ): Promise<Body> {
    const response = await fetch(`http://127.0.0.1:${this.api.port}${path}`, {
      method,
      headers: { authorization: `Bearer ${person.token}`, 'content-type': 'application/json', ...headers },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text === '' ? {} : JSON.parse(text)) as Body;
  }

  /** Somebody new with one device, whose token may begin in a way that the sandbox knows; '' for none. */
  async owner(role: Role, tokenPrefix = 'device-'): Promise<Owner> {
    const person = await testPerson(role);
    await this.call(person, 'GET', '/api/conversations');
    const { rows } = await this.sql.query<{ id: string }>('SELECT id FROM people WHERE sub = $1', [
      person.sub,
    ]);
    const owner = { ...person, id: rows[0]?.id ?? '', device: `${tokenPrefix}${randomUUID()}` };
    if (tokenPrefix) await this.register(owner, owner.device);
    return owner;
  }

  async register(person: TestPerson, token: string): Promise<void> {
    await this.call(person, 'PUT', '/api/push-tokens', { token, platform: 'android' });
  }

  async volunteer(tokenPrefix?: string): Promise<Owner> {
    const volunteer = await this.owner('volunteer', tokenPrefix);
    await this.call(volunteer, 'PATCH', '/api/volunteers/me', { available: true });
    return volunteer;
  }

  /** A request for which only these volunteers are asked. */
  async request(user: Owner, ...volunteers: Owner[]): Promise<string> {
    const ids = volunteers.map(({ id }) => id);
    await this.sql.query('UPDATE helper_profiles SET available = (person_id = ANY ($1))', [ids]);
    const { session_id } = await this.call<{ session_id: string }>(user, 'POST', '/start_chat_session', {
      user_email: user.email,
      i_need_message: SECRET_WORDS,
      conversation_type: 'better_together',
    });
    return session_id;
  }

  async accept(user: Owner, volunteer: Owner): Promise<string> {
    const body = { volunteer_email: volunteer.email, user_email: user.email };
    return (await this.call<{ chat_id: string }>(volunteer, 'POST', '/accept_chat_request', body)).chat_id;
  }

  async chat(tokens: { user?: string; volunteer?: string } = {}): Promise<Chat> {
    const [user, volunteer] = [await this.owner('user', tokens.user), await this.volunteer(tokens.volunteer)];
    const requestId = await this.request(user, volunteer);
    return { id: await this.accept(user, volunteer), requestId, user, volunteer };
  }

  /** Stores a message as the gateway does when the other one is not connected. */
  async write(chat: Chat, from: 'user' | 'volunteer'): Promise<void> {
    const message = {
      conversationId: chat.id,
      senderId: chat[from].id,
      content: SECRET_WORDS,
      replyTo: null,
    };
    await this.writer.append({ ...message, type: 'text' });
  }

  end(conversationId: string, by: Owner): Promise<unknown> {
    return this.worker.app.get(Conversations).endByMember(conversationId, by.id);
  }

  async opened(conversationId: string, by: Owner, role: 'seeker' | 'helper'): Promise<void> {
    await this.worker.app.get(Conversations).opened(conversationId, by.id, role);
  }

  /** A push that the domain creates for one person, with nothing around it. */
  async notifyTest(volunteer: Owner): Promise<void> {
    await this.call(volunteer, 'POST', '/test_volunteer_notification', { email: volunteer.email });
  }

  async connect(person: Owner): Promise<void> {
    const gateway = `test-gateway-${person.id}`;
    await this.presence.renew(gateway);
    await this.presence.enter(gateway, person.id);
    // What a gateway would write for their token.
    await this.presence.enter(gateway, person.id, 'volunteer');
  }

  /** Everything the person was told of, once the worker is through with it. */
  async settled(person: Owner, ...kinds: string[]): Promise<Delivery[]> {
    return eventually(`${kinds.join(', ')} settled`, async () => {
      const deliveries = (await this.deliveries(person)).filter(({ kind }) => kinds.includes(kind));
      const missing = kinds.filter((kind) => !deliveries.some((delivery) => delivery.kind === kind));
      return missing.length === 0 && deliveries.every(({ status }) => status !== 'pending') && deliveries;
    });
  }

  /** The only entry of this kind, once the worker is through with it. */
  async outcome(person: Owner, kind: string): Promise<Delivery> {
    const [only, ...others] = await this.settled(person, kind);
    if (!only || others.length > 0) throw new Error(`not one entry but ${others.length + 1}`);
    return only;
  }

  /** Everything in the outbox and the push queues has been worked off. */
  idle(): Promise<void> {
    return this.noneOf('true');
  }

  /** The same but for what waits for its time. */
  idleButHeld(): Promise<void> {
    return this.noneOf('run_at <= now()');
  }

  private async noneOf(jobs: string): Promise<void> {
    await eventually('the worker is idle', async () => {
      const { rows } = await this.sql.query<{ busy: boolean }>(
        `SELECT EXISTS (SELECT FROM conversation_members WHERE push_due_at IS NOT NULL)
          OR EXISTS (SELECT FROM booking_notifications WHERE push_due_at IS NOT NULL)
          OR EXISTS (SELECT FROM push_windows WHERE held <> '{}' AND next_at <= now())
          OR EXISTS (SELECT FROM push._private_jobs WHERE ${jobs})
          OR EXISTS (SELECT FROM campaigns._private_jobs WHERE ${jobs}) AS busy`,
      );
      return rows[0]?.busy === false;
    });
  }

  async deliveries(person: Owner, query = ''): Promise<Delivery[]> {
    this.admin ??= await testPerson('admin');
    const path = `/api/notification-deliveries?sub=${person.sub}${query}`;
    return (await this.call<{ deliveries: Delivery[] }>(this.admin, 'GET', path)).deliveries;
  }

  /** What arrived at a device, of these kinds if any are named. */
  async pushes(person: Owner, ...kinds: string[]): Promise<Push[]> {
    const response = await fetch(`${this.sandbox.httpUrl}/messages?token=${person.device}`);
    const all = (await response.json()) as Push[];
    return kinds.length === 0 ? all : all.filter(({ data }) => kinds.includes(data['kind'] ?? ''));
  }

  /** Everything that any phone received, as text. */
  async everything(): Promise<string> {
    return (await fetch(`${this.sandbox.httpUrl}/messages`)).text();
  }

  async hasToken(person: Owner, token = person.device): Promise<boolean> {
    const { rows } = await this.sql.query('SELECT FROM push_tokens WHERE token = $1 AND person_id = $2', [
      token,
      person.id,
    ]);
    return rows.length === 1;
  }
}
