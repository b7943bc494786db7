import { createPool } from '@kindline/database';
import type { RunningService } from '@kindline/platform';
import {
  type Build,
  buildServices,
  createTestDatabase,
  eventually,
  type OwnServer,
  type ServiceProcess,
  startRedis,
  startServiceProcess,
  TEST_JWT_SECRET,
  TEST_SERVICE_TOKEN,
  type TestDatabase,
  testPerson,
  type TestPerson,
} from '@kindline/testing';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pool } from 'pg';
import { type PushSandbox, startPushSandbox } from '../../push-sandbox/src';
import { startSessionApi } from '../../session-api/src/start';
import { expectedOf, makeCrowd } from './crowd';

/** The same with 200,000 takes some minutes: CAMPAIGN_TEST_PEOPLE=200000. */
const PEOPLE = Number(process.env['CAMPAIGN_TEST_PEOPLE'] ?? 20_000);
/** What one process has under way at most: jobs side by side, and the pushes of a call. */
const IN_FLIGHT = 4 * 100;
const MOST_MEMORY_MB = 300;

jest.setTimeout(900_000);

interface Announcement {
  status: string;
  audience: number;
  counts: Record<string, number>;
}

/** The most memory a process has held, in MB. */
function peakMemory({ pid }: ServiceProcess): number {
  const kilobytes = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) / 1_024;
}

describe('an announcement to many, while workers are killed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kindline-campaign-'));
  const caFile = join(folder, 'ca.pem');
  let compiled: Build;
  let database: TestDatabase;
  let redis: OwnServer;
  let sandbox: PushSandbox;
  let api: RunningService;
  let sql: Pool;
  let admin: TestPerson;
  let env: Record<string, string>;
  const workers: ServiceProcess[] = [];

  beforeAll(async () => {
    compiled = buildServices();
    [database, redis, sandbox] = await Promise.all([
      createTestDatabase(),
      startRedis(),
      startPushSandbox({ httpPort: 0, tlsPort: 0, caFile }),
    ]);
    env = {
      DATABASE_URL: database.url,
      REDIS_URL: redis.url,
      JWT_SECRET: TEST_JWT_SECRET,
      BACKEND_SERVICE_TOKEN: TEST_SERVICE_TOKEN,
      HOST: '127.0.0.1',
      NODE_ENV: 'test',
      LOG_LEVEL: 'silent',
      RATE_LIMIT_DISABLED: 'true',
    };
    api = await startSessionApi({ ...env, SESSION_API_PORT: '0' });
    sql = createPool(database.url, 'test', 4);
    await makeCrowd(sql, { people: PEOPLE });
    admin = await testPerson('admin');
    await Promise.all([worker(), worker()]);
  });

  afterAll(async () => {
    await Promise.all(workers.map((one) => one.stop()));
    await api.stop();
    await sql.end();
    await sandbox.close();
    await redis.dispose();
    await database.drop();
    compiled.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  async function worker(): Promise<void> {
    workers.push(
      await startServiceProcess(compiled, 'notification-worker', {
        ...env,
        NOTIFICATION_WORKER_PORT: '0',
        PUSH_RETRY_AFTER: '50ms',
        FCM_ENDPOINT: sandbox.endpoint,
        FCM_CA_FILE: caFile,
      }),
    );
  }

  async function call<Body>(method: string, path: string, body?: object): Promise<Body> {
    const response = await fetch(`http://127.0.0.1:${api.port}${path}`, {
      method,
      headers: { authorization: `Bearer ${admin.token}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text) as Body;
  }

  const seen = (): number => sandbox.messages().length;

  it('tells everybody once, repeats nothing, and knows what it does not know', async () => {
    const expected = expectedOf({ people: PEOPLE });
    const { id, audience } = await call<{ id: string; audience: number }>('POST', '/api/notifications', {
      title: 'Something new',
      body: 'Have a look',
      category: 'promotional',
      target: { roles: ['user'] },
    });
    expect(audience).toBe(expected.audience);

    const peaks: number[] = [];
    for (const part of [0.15, 0.4, 0.65]) {
      await eventually(`${part} were sent`, () => seen() > expected.tokens * part, 300_000);
      const victim = workers.shift();
      if (!victim) throw new Error('no worker is left');
      peaks.push(peakMemory(victim));
      await victim.kill();
      await worker();
    }
    const path = `/api/notifications/${id}`;
    const { counts } = await eventually(
      'everything is sent',
      async () => {
        const now = await call<Announcement>('GET', path);
        return now.status === 'sent' && now;
      },
      600_000,
    );
    peaks.push(...workers.map(peakMemory));

    expect(counts).toMatchObject({
      audience: expected.audience,
      excluded_by_preference: expected.optedOut,
      skipped: 0,
      pending: 0,
    });
    expect((counts['accepted'] ?? 0) + (counts['rejected'] ?? 0) + (counts['unknown'] ?? 0)).toBe(
      expected.tokens,
    );
    const { rows: ledger } = await sql.query<{ entries: number; tokens: number; people: number }>(
      `SELECT count(*)::int AS entries, count(DISTINCT (n.person_id, d.token_hash))::int AS tokens,
        count(DISTINCT n.person_id)::int AS people
      FROM notifications n JOIN notification_deliveries d ON d.notification_id = n.id WHERE n.campaign_id = $1`,
      [id],
    );
    expect(ledger).toEqual([
      {
        entries: expected.tokens,
        tokens: expected.tokens,
        people: expected.audience - expected.optedOut,
      },
    ]);

    // No phone twice, and everything that FCM never saw is among the unknown ones.
    const arrived = sandbox.messages().map(({ token }) => token);
    expect(new Set(arrived).size).toBe(arrived.length);
    const { rows: unknown } = await sql.query<{ token: string }>(
      `SELECT t.token FROM notifications n JOIN notification_deliveries d ON d.notification_id = n.id
      JOIN push_tokens t ON t.id = d.push_token_id WHERE n.campaign_id = $1 AND d.status = 'unknown'`,
      [id],
    );
    expect(unknown.length).toBe(counts['unknown']);
    expect(unknown.length).toBeLessThanOrEqual(3 * IN_FLIGHT);
    const phones = new Set(arrived);
    const neverSeen = expected.tokens - expected.dead - arrived.length;
    expect(
      unknown.filter(({ token }) => !phones.has(token) && !token.startsWith('unregistered-')).length,
    ).toBe(neverSeen);
    const { rows: dead } = await sql.query<{ left: number }>(
      `SELECT count(*)::int AS left FROM push_tokens t JOIN person_roles r ON r.person_id = t.person_id
      LEFT JOIN notification_preferences w ON w.person_id = t.person_id
      WHERE t.token LIKE 'unregistered-%' AND r.role = 'user' AND w.person_id IS NULL`,
    );
    const deadUnknown = unknown.filter(({ token }) => token.startsWith('unregistered-')).length;
    expect(dead[0]?.left).toBe(deadUnknown);
    expect(counts['rejected']).toBe(expected.dead - deadUnknown);
    expect(Math.max(...peaks)).toBeLessThan(MOST_MEMORY_MB);
    if (process.env['CAMPAIGN_TEST_PEOPLE'])
      process.stdout.write(
        `${JSON.stringify({ expected, counts, neverSeen, peaks: peaks.map(Math.round) })}\n`,
      );
  });
});
