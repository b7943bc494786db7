import { uuidV7 } from '@kindline/database';
import {
  type Build,
  buildServices,
  createTestDatabase,
  type ServiceProcess,
  startServiceProcess,
  type TestDatabase,
} from '@kindline/testing';
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Balancer } from './balancer';
import type { CrowdOrder, CrowdRecord, CrowdReport } from './crowd';
import type { CrowdPerson } from './crowd-client';
import { at, eventually, makePerson, World } from './kit';

jest.setTimeout(180_000);

const PAIRS = 500;
const PER_SECOND = 500;
const BACK_WITHIN_MS = 10_000;
const STOPPED_WITHIN_MS = 25_000;
const WINDOW_MS = 500;
/** Of all who leave or come back, so many do within one window at most. */
const LARGEST_SHARE = 0.25;

describe('a rolling restart of both gateways under load', () => {
  let compiled: Build;
  let database: TestDatabase;
  let world: World;
  let gateways: ServiceProcess[];
  let balancer: Balancer;
  let crowd: ChildProcess;
  let chatIds: string[];

  const startGateway = (port = '0') =>
    startServiceProcess(compiled, 'chat-gateway', {
      ...world.env,
      CHAT_GATEWAY_PORT: port,
      DRAIN_DELAY: '3s',
    });

  beforeAll(async () => {
    compiled = buildServices();
    database = await createTestDatabase();
    world = await World.start(database.url, { apis: 0, gateways: 0 });
    gateways = await Promise.all([startGateway(), startGateway()]);
    balancer = await Balancer.start(gateways.map(({ port }) => port));
    crowd = fork(join(compiled.folder, 'apps/chat-gateway/test/crowd.js'));
    await tell({ kind: 'connect', url: balancer.url, people: await makePairs() });
  });
  afterAll(async () => {
    crowd.kill();
    balancer.stop();
    await Promise.all(gateways.map((gateway) => gateway.kill()));
    await world.stop();
    await database.drop();
    compiled.remove();
  });

  function tell<Order extends CrowdOrder>(order: Order): Promise<CrowdReport> {
    const answered = new Promise<CrowdReport>((resolve, reject) => {
      const gone = (): void => reject(new Error('the crowd has ended'));
      crowd.once('exit', gone);
      crowd.once('message', (report) => {
        crowd.off('exit', gone);
        resolve(report as CrowdReport);
      });
    });
    crowd.send(order);
    return answered;
  }

  /** Written straight into the tables: what led to their conversations does not matter here. */
  async function makePairs(): Promise<CrowdPerson[]> {
    chatIds = Array.from({ length: PAIRS }, () => uuidV7());
    await world.sql.query(
      `INSERT INTO conversations (id, program, status, created_at, started_at, last_activity_at)
      SELECT id, 'better_together', 'active', now(), now(), now() FROM unnest($1::uuid[]) AS id`,
      [chatIds],
    );
    const sides = await Promise.all(
      (['user', 'volunteer'] as const).map(async (role) => {
        const people = await Promise.all(chatIds.map(() => makePerson(role)));
        await world.sql.query(
          `WITH people AS (
            INSERT INTO people (id, sub, email, name, registered_at, created_at)
            SELECT id, sub, email, sub, now(), now() FROM unnest($1::uuid[], $2::text[], $3::text[]) AS p (id, sub, email)
          )
          INSERT INTO conversation_members
            (conversation_id, person_id, role, program, joined_at, first_opened_at, last_opened_at)
          SELECT c, p, $5, 'better_together', now(), now(), now() FROM unnest($4::uuid[], $1::uuid[]) AS m (c, p)`,
          [
            people.map(() => uuidV7()),
            people.map(({ sub }) => sub),
            people.map(({ email }) => email),
            chatIds,
            role === 'user' ? 'seeker' : 'helper',
          ],
        );
        return people.map((person, index) => ({ ...person, chatId: at(chatIds, index) }));
      }),
    );
    return sides.flat();
  }

  /** SIGTERM, and a new one on the same port. @returns how long the old one took to leave */
  async function restart(index: number): Promise<number> {
    const began = performance.now();
    expect(await at(gateways, index).stop()).toBe(0);
    const tookMs = performance.now() - began;
    const { port } = at(gateways, index);
    gateways[index] = await startGateway(String(port));
    await eventually('the new one is ready', async () => {
      const { ok } = await fetch(`http://127.0.0.1:${port}/health/ready`).catch(() => ({ ok: false }));
      return ok;
    });
    return tookMs;
  }

  it('loses nothing that was acked, ends no conversation, and has everybody back within 10 s, spread', async () => {
    await tell({ kind: 'talk', perSecond: PER_SECOND });
    await pause(2_000);
    const tookMs = [await restart(0)];
    // As an orchestrator does: the next one goes when this one serves again.
    await pause(2_000);
    tookMs.push(await restart(1));
    await pause(2_000);
    const report = await tell({ kind: 'finish' });
    if (report.kind !== 'finished') throw new Error(report.kind);
    const { sent, records } = report;
    if (process.env['SHOW']) show(tookMs, sent, records);

    for (const ms of tookMs) expect(ms).toBeLessThan(STOPPED_WITHIN_MS);
    const acked = new Map(records.flatMap((record) => record.acked));
    expect(acked.size).toBe(sent);
    await expectStored(acked, records);
    expect(
      await counted(
        `SELECT FROM conversations WHERE status = 'active' AND ended_at IS NULL AND id = ANY ($1)`,
      ),
    ).toBe(PAIRS);
    // No worker runs that would take a mark away again.
    expect(
      await counted(
        `SELECT FROM conversation_members WHERE push_due_at IS NOT NULL AND conversation_id = ANY ($1)`,
      ),
    ).toBe(0);

    const gaps = records.flatMap((record) => record.gaps);
    // Each was told once by each gateway that hung up on it, and came back by itself.
    expect(records.flatMap(({ hints }) => hints)).toHaveLength(gaps.length);
    expect(gaps.length).toBeGreaterThanOrEqual(2 * PAIRS);
    expect(new Set(gaps.map(({ reason }) => reason))).toEqual(new Set(['transport close']));
    const away = gaps.map(({ lostAt, syncedAt }) => syncedAt - lostAt);
    expect(Math.max(...away)).toBeLessThan(BACK_WITHIN_MS);
    // Both: on a slow machine it takes them long enough to come back even when all were hung up on at once.
    for (const moments of [gaps.map(({ lostAt }) => lostAt), gaps.map(({ connectedAt }) => connectedAt)]) {
      expect(largestWindow(moments) / gaps.length).toBeLessThan(LARGEST_SHARE);
    }
  });

  const counted = async (sql: string): Promise<number> =>
    (await world.sql.query(sql, [chatIds])).rowCount ?? 0;

  /** Stored is what was acked, each once, under the acked id and seq, without a gap; and both sides know it all. */
  async function expectStored(
    acked: ReadonlyMap<string, { id: string; seq: number }>,
    records: readonly CrowdRecord[],
  ): Promise<void> {
    const { rows } = await world.sql.query<{ chat: string; id: string; seq: number; client_id: string }>(
      `SELECT conversation_id AS chat, id, seq, client_id FROM messages
      WHERE conversation_id = ANY ($1) ORDER BY conversation_id, seq`,
      [chatIds],
    );
    expect(rows).toHaveLength(acked.size);
    expect(rows.filter(({ client_id, id, seq }) => differs(acked.get(client_id), { id, seq }))).toEqual([]);
    const stored = Map.groupBy(rows, ({ chat }) => chat);
    for (const messages of stored.values()) {
      expect(messages.map(({ seq }) => seq)).toEqual(messages.map((_, index) => index + 1));
    }
    for (const { chatId, known } of records) {
      const wanted = (stored.get(chatId) ?? []).map(({ seq, id }) => [seq, id]);
      expect(known.sort(([a], [b]) => a - b)).toEqual(wanted);
    }
  }
});

const differs = (a: { id: string; seq: number } | undefined, b: { id: string; seq: number }): boolean =>
  a?.id !== b.id || a.seq !== b.seq;

/** The most moments that fall into one window. */
function largestWindow(moments: readonly number[]): number {
  const sorted = [...moments].sort((a, b) => a - b);
  let [first, most] = [0, 0];
  for (const [last, moment] of sorted.entries()) {
    while (moment - (sorted[first] ?? 0) >= WINDOW_MS) first++;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

/** For whoever wants the figures. */
function show(tookMs: number[], sent: number, records: readonly CrowdRecord[]): void {
  const gaps = records.flatMap((record) => record.gaps);
  const away = gaps.map(({ lostAt, syncedAt }) => syncedAt - lostAt).sort((a, b) => a - b);
  const centile = (share: number): number => away[Math.floor(share * (away.length - 1))] ?? 0;
  const from = Math.min(...gaps.map(({ connectedAt }) => connectedAt));
  const windows = Map.groupBy(gaps, ({ connectedAt }) => Math.floor((connectedAt - from) / WINDOW_MS));
  process.stderr.write(
    `${JSON.stringify({
      tookMs: tookMs.map(Math.round),
      sent,
      away: { p50: centile(0.5), p95: centile(0.95), p99: centile(0.99), most: centile(1) },
      gaps: gaps.length,
      most: Math.max(...records.map((record) => record.gaps.length)),
      refusals: records.reduce((sum, { refused }) => sum + refused, 0),
      failedAttempts: records.reduce((sum, { attempts }) => sum + attempts, 0),
      largestWindow: largestWindow(gaps.map(({ connectedAt }) => connectedAt)),
      windows: Object.fromEntries([...windows].map(([window, { length }]) => [window, length])),
    })}\n`,
  );
}
