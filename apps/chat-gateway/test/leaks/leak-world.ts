import { createPool } from '@kindline/database';
import {
  type Build,
  buildServices,
  createTestDatabase,
  type ServiceProcess,
  startRedis,
  startServiceProcess,
  TEST_JWT_SECRET,
  TEST_SERVICE_TOKEN,
} from '@kindline/testing';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pool } from 'pg';
import { type PushSandbox, startPushSandbox } from '../../../push-sandbox/src';
import { counselingFile } from '../counseling-kit';
import { at } from '../kit';
import { PostgresRecord, type Row } from './postgres-record';
import { type Key, RedisRecord } from './redis-record';

/** Long enough for the slowest step without a message, short enough to wait for. */
export const RETENTION_MS = 10_000;
const LOST_AFTER_MS = 1_000;

const SERVICES = ['session-api', 'chat-gateway', 'chat-gateway', 'notification-worker', 'scheduler'] as const;

/** What stood in both databases at one moment. */
export interface Look {
  moment: string;
  rows: Row[];
  keys: Key[];
}

/** The whole backend in processes of its own that log everything, with every place watched where something stays. */
export class LeakWorld {
  readonly looks: Look[] = [];
  /** Words that nobody outside a session may meet, by what they are. */
  readonly secrets = new Map<string, string>();
  private readonly undo: (() => unknown)[] = [];

  private constructor(
    readonly sql: Pool,
    readonly postgres: PostgresRecord,
    readonly redis: RedisRecord,
    readonly sandbox: PushSandbox,
    private readonly processes: readonly ServiceProcess[],
  ) {}

  /** @param more settings of all services */
  static async start(more: Record<string, string> = {}): Promise<LeakWorld> {
    const folder = mkdtempSync(join(tmpdir(), 'kindline-leaks-'));
    const caFile = join(folder, 'ca.pem');
    const build = buildServices();
    const [database, redis, sandbox] = await Promise.all([
      createTestDatabase(),
      startRedis(),
      startPushSandbox({ httpPort: 0, tlsPort: 0, caFile }),
    ]);
    const sql = createPool(database.url, 'test', 4);
    const [postgresRecord, redisRecord] = [
      await PostgresRecord.begin(sql),
      await RedisRecord.begin(redis.url),
    ];
    const processes = await startAll(build, {
      DATABASE_URL: database.url,
      REDIS_URL: redis.url,
      FCM_ENDPOINT: sandbox.endpoint,
      FCM_CA_FILE: caFile,
      PROGRAMS_FILE: counselingFile({ retention: `${RETENTION_MS}ms`, lostAfter: `${LOST_AFTER_MS}ms` }),
      ...more,
    });
    const world = new LeakWorld(sql, postgresRecord, redisRecord, sandbox, processes);
    world.undo.push(
      () => world.stopServices(),
      () => redisRecord.close(),
      () => sql.end(),
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

  /** In order, so that also what they say at their end is in the log. */
  async stopServices(): Promise<void> {
    await Promise.all(this.processes.map((service) => service.stop()));
  }

  get api(): number {
    return at(this.processes, 0).port;
  }

  /** @param replica 0 or 1 */
  gateway(replica: number): number {
    return at(this.processes, 1 + replica).port;
  }

  /** Every line that each service wrote. */
  get logs(): { service: string; lines: string[] }[] {
    return this.processes.map((one, index) => ({
      service: at(SERVICES, index),
      lines: one.output().split('\n').filter(Boolean),
    }));
  }

  /** A word that occurs nowhere else; what stands in a session is a secret. */
  secret(what: string): string {
    const word = marker();
    this.secrets.set(what, word);
    return word;
  }

  async look(moment: string): Promise<void> {
    const [rows, keys] = await Promise.all([this.postgres.now(), this.redis.now()]);
    this.looks.push({ moment, rows, keys });
  }
}

/** Lower-case letters and digits only: it looks the same in JSON, in an e-mail address and in a log. */
export const marker = (): string => `zq${randomBytes(9).toString('hex')}`;

async function startAll(build: Build, settings: Record<string, string>): Promise<ServiceProcess[]> {
  const env = {
    JWT_SECRET: TEST_JWT_SECRET,
    BACKEND_SERVICE_TOKEN: TEST_SERVICE_TOKEN,
    HOST: '127.0.0.1',
    NODE_ENV: 'test',
    LOG_LEVEL: 'trace',
    SESSION_API_PORT: '0',
    CHAT_GATEWAY_PORT: '0',
    NOTIFICATION_WORKER_PORT: '0',
    SCHEDULER_PORT: '0',
    ...settings,
  };
  return Promise.all(SERVICES.map((name) => startServiceProcess(build, name, env)));
}
