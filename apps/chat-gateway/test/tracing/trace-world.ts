import { createPool } from '@kindline/database';
import {
  buildServices,
  createTestDatabase,
  type ServiceProcess,
  startRedis,
  startServiceProcess,
  TraceCollector,
} from '@kindline/testing';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pool } from 'pg';
import { type PushSandbox, startPushSandbox } from '../../../push-sandbox/src';
import { at, http, type HttpAnswer, makePerson, serviceEnv, type TestPerson, TestSocket } from '../kit';

const SERVICES = ['session-api', 'chat-gateway', 'notification-worker', 'scheduler'] as const;
type Service = (typeof SERVICES)[number];

/** All four services in processes of their own, and a collector. */
export class TraceWorld {
  private readonly undo: (() => unknown)[] = [];

  private constructor(
    readonly collector: TraceCollector,
    readonly sql: Pool,
    readonly sandbox: PushSandbox,
    readonly redisUrl: string,
    private readonly processes: Record<Service, ServiceProcess>,
    /** Another replica. */
    readonly another: (name: Service, more: Record<string, string>) => Promise<ServiceProcess>,
  ) {}

  /** @param settings those of tracing, given the collector's address */
  static async start(settings: (collector: string) => Record<string, string>): Promise<TraceWorld> {
    const folder = mkdtempSync(join(tmpdir(), 'kindline-traces-'));
    const caFile = join(folder, 'ca.pem');
    const build = buildServices();
    const [database, redis, sandbox, collector] = await Promise.all([
      createTestDatabase(),
      startRedis(),
      startPushSandbox({ httpPort: 0, tlsPort: 0, caFile }),
      TraceCollector.start(),
    ]);
    const env = serviceEnv(database.url, redis.url, {
      FCM_ENDPOINT: sandbox.endpoint,
      FCM_CA_FILE: caFile,
      LOG_LEVEL: 'debug',
      ...settings(collector.url),
    });
    const started = await Promise.all(
      SERVICES.map(async (name) => [name, await startServiceProcess(build, name, env)] as const),
    );
    const processes = Object.fromEntries(started) as Record<Service, ServiceProcess>;
    const sql = createPool(database.url, 'test', 2);
    const world = new TraceWorld(collector, sql, sandbox, redis.url, processes, (name, more) =>
      startServiceProcess(build, name, { ...env, ...more }),
    );
    world.undo.push(
      () => Promise.all(started.map(([, service]) => service.stop())),
      () => sql.end(),
      () => collector.close(),
      () => sandbox.close(),
      () => redis.dispose(),
      () => database.drop(),
      () => build.remove(),
      () => rmSync(folder, { recursive: true, force: true }),
    );
    return world;
  }

  async stop(): Promise<void> {
    for (const undo of this.undo) await undo();
  }

  service(name: Service): ServiceProcess {
    return this.processes[name];
  }

  api(method: string, path: string, person: TestPerson, body?: object): Promise<HttpAnswer> {
    return http(this.processes['session-api'].port, method, path, person.token, body);
  }

  connect(person: TestPerson): Promise<TestSocket> {
    return TestSocket.connect(this.processes['chat-gateway'].port, person);
  }

  /** A volunteer with a device who alone may be asked, and somebody to ask. */
  async pair(): Promise<{ user: TestPerson; volunteer: TestPerson; device: string }> {
    const [user, volunteer] = [await makePerson('user'), await makePerson('volunteer')];
    const device = `device-${randomUUID()}`;
    await this.api('PUT', '/api/push-tokens', volunteer, { token: device, platform: 'android' });
    await this.api('PATCH', '/api/volunteers/me', volunteer, { available: true });
    return { user, volunteer, device };
  }

  /** Asks for somebody. @param headers such as a trace that the client has begun */
  async ask(user: TestPerson, headers: Record<string, string> = {}): Promise<number> {
    const { port } = this.processes['session-api'];
    const response = await fetch(`http://127.0.0.1:${port}/start_chat_session?secret=in-the-query`, {
      method: 'POST',
      headers: { authorization: `Bearer ${user.token}`, 'content-type': 'application/json', ...headers },
      body: JSON.stringify({
        user_email: user.email,
        i_need_message: 'words for a volunteer',
        conversation_type: 'better_together',
      }),
    });
    await response.text();
    return response.status;
  }

  /** What waits for its time. */
  async payloads(): Promise<string[]> {
    const { rows } = await this.sql.query<{ payload: string }>(
      `SELECT payload::text AS payload FROM timers._private_jobs`,
    );
    return rows.map(({ payload }) => payload);
  }

  async personId(person: TestPerson): Promise<string> {
    const { rows } = await this.sql.query<{ id: string }>('SELECT id FROM people WHERE sub = $1', [
      person.sub,
    ]);
    return at(rows, 0).id;
  }
}
