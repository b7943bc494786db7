import type { Role } from '@kindline/contracts';
import { createPool } from '@kindline/database';
import { Acceptance, PeopleDirectory, Programs, Requests } from '@kindline/domain';
import type { RunningService } from '@kindline/platform';
import {
  createTestDatabase,
  startRedis,
  TEST_JWT_SECRET,
  TEST_SERVICE_TOKEN,
  testPerson,
  type TestPerson,
} from '@kindline/testing';
import type { Pool } from 'pg';
import { startSessionApi } from '../src/start';

export interface Answer {
  status: number;
  headers: Headers;
  body: Record<string, unknown>;
}

export interface Call {
  token?: string | undefined;
  body?: unknown;
  headers?: Record<string, string>;
}

/** A session API of a test's own with its database and Redis. */
export class ApiWorld {
  private constructor(
    readonly service: RunningService,
    readonly sql: Pool,
    private readonly undo: (() => Promise<unknown>)[],
  ) {}

  /** @param settings beyond those that every test has */
  static async start(settings: Record<string, string> = {}): Promise<ApiWorld> {
    const [database, redis] = [await createTestDatabase(), await startRedis()];
    const sql = createPool(database.url, 'test', 3);
    const service = await startSessionApi({
      DATABASE_URL: database.url,
      REDIS_URL: redis.url,
      JWT_SECRET: TEST_JWT_SECRET,
      BACKEND_SERVICE_TOKEN: TEST_SERVICE_TOKEN,
      HOST: '127.0.0.1',
      NODE_ENV: 'test',
      LOG_LEVEL: 'silent',
      RATE_LIMIT_DISABLED: 'true',
      SESSION_API_PORT: '0',
      ...settings,
    });
    return new ApiWorld(service, sql, [
      () => service.stop(),
      () => sql.end(),
      () => redis.dispose(),
      () => database.drop(),
    ]);
  }

  async stop(): Promise<void> {
    for (const undo of this.undo) await undo();
  }

  /** Sends the body as it is; `headers` win. */
  async raw(
    method: string,
    path: string,
    options: { token?: string | undefined; body?: string; headers?: Record<string, string> } = {},
  ) {
    const { token, body, headers } = options;
    const response = await fetch(`http://127.0.0.1:${this.service.port}${path}`, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body }),
    });
    const text = await response.text();
    const answer: Answer = {
      status: response.status,
      headers: response.headers,
      body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
    };
    return answer;
  }

  call(method: string, path: string, { body, ...rest }: Call = {}): Promise<Answer> {
    return this.raw(method, path, { ...rest, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  }

  as(person: TestPerson, method: string, path: string, body?: unknown): Promise<Answer> {
    return this.call(method, path, { token: person.token, body });
  }

  /** As a backend, for nobody or on behalf of a `sub`. */
  backend(method: string, path: string, body?: unknown, onBehalfOf?: string): Promise<Answer> {
    return this.call(method, path, {
      token: TEST_SERVICE_TOKEN,
      body,
      ...(onBehalfOf === undefined ? {} : { headers: { 'on-behalf-of': onBehalfOf } }),
    });
  }

  /** Somebody the service knows. */
  async person(...roles: Role[]): Promise<TestPerson> {
    const person = await testPerson(...roles);
    await this.expectStatus(200, this.as(person, 'GET', '/api/conversations'));
    return person;
  }

  /** A volunteer who may be asked. */
  async volunteer(capacity?: number): Promise<TestPerson> {
    const volunteer = await this.person('volunteer');
    await this.expectStatus(200, this.as(volunteer, 'PATCH', '/api/volunteers/me', { available: true }));
    if (capacity !== undefined) {
      const admin = await this.person('admin');
      await this.expectStatus(200, this.as(admin, 'PATCH', `/api/volunteers/${volunteer.sub}`, { capacity }));
    }
    return volunteer;
  }

  /** Nobody is asked any more but those who come after this. */
  async nobodyAvailable(): Promise<void> {
    await this.sql.query('UPDATE helper_profiles SET available = false');
  }

  request(user: TestPerson, need = 'someone to talk to'): Promise<Answer> {
    const body = { user_email: user.email, i_need_message: need, conversation_type: 'better_together' };
    return this.as(user, 'POST', '/start_chat_session', body);
  }

  accept(volunteer: TestPerson, user: TestPerson): Promise<Answer> {
    const body = { volunteer_email: volunteer.email, user_email: user.email };
    return this.as(volunteer, 'POST', '/accept_chat_request', body);
  }

  cancel(user: TestPerson): Promise<Answer> {
    return this.as(user, 'POST', '/cancel_chat_request', { user_email: user.email });
  }

  /** A user and a volunteer who talk to each other; nobody else is available afterwards. */
  async chat(between: { user?: TestPerson; volunteer?: TestPerson } = {}) {
    await this.nobodyAvailable();
    const user = between.user ?? (await this.person('user'));
    const volunteer = between.volunteer ?? (await this.volunteer());
    if (between.volunteer) await this.as(volunteer, 'PATCH', '/api/volunteers/me', { available: true });
    const { body: started } = await this.expectStatus(201, this.request(user));
    const { body: accepted } = await this.expectStatus(201, this.accept(volunteer, user));
    await this.nobodyAvailable();
    return {
      user,
      volunteer,
      sessionId: String(started['session_id']),
      chatId: String(accepted['chat_id']),
    };
  }

  /** A senior's pending request, as the gateway makes it. @returns its id */
  async askForCompany(senior: TestPerson): Promise<string> {
    const program = this.service.app.get(Programs).get('companion');
    const request = { type: 'chat', note: 'company' };
    const { requestId } = await this.service.app
      .get(Requests)
      .start(program, await this.idOf(senior), request);
    return requestId;
  }

  /** A senior and a volunteer who keep each other company. */
  async companions(
    senior: TestPerson,
    volunteer: TestPerson,
  ): Promise<{ requestId: string; conversationId: string }> {
    const requestId = await this.askForCompany(senior);
    const program = this.service.app.get(Programs).get('companion');
    const conversationId = await this.service.app
      .get(Acceptance)
      .accept(program, await this.idOf(senior), await this.idOf(volunteer));
    return { requestId, conversationId };
  }

  async idOf({ sub }: TestPerson): Promise<string> {
    const person = await this.service.app.get(PeopleDirectory).findBySub(sub);
    if (!person) throw new Error(`nobody knows ${sub}`);
    return person.id;
  }

  /** Messages as the gateway would have stored them, from `sender`, with seqs 1 to `count`. */
  async storeMessages(chatId: string, sender: TestPerson, count: number): Promise<void> {
    await this.sql.query(
      `INSERT INTO messages (conversation_id, seq, id, sender_id, type, content, created_at)
      SELECT $1, n, gen_random_uuid(), p.id, 'text', 'message ' || n, now()
      FROM generate_series(1, $3::int) AS n, people p WHERE p.sub = $2`,
      [chatId, sender.sub, count],
    );
    await this.sql.query(
      `UPDATE conversations SET last_seq = $2, last_message_at = now(), last_activity_at = now() WHERE id = $1`,
      [chatId, count],
    );
  }

  /** How many rows a query counts. */
  async count(from: string, parameters: unknown[] = []): Promise<number> {
    const { rows } = await this.sql.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM ${from}`,
      parameters,
    );
    return rows[0]?.n ?? 0;
  }

  async expectStatus(status: number, answer: Promise<Answer>): Promise<Answer> {
    const got = await answer;
    if (got.status !== status)
      throw new Error(`not ${status} but ${got.status}: ${JSON.stringify(got.body)}`);
    return got;
  }
}
