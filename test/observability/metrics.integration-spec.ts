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
  scrape,
} from '@kindline/testing';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { documentedMetrics } from './documented';
import { type Exposition, metricOf, readExposition } from './exposition';
import { type Prometheus, startPrometheus } from './prometheus';
import { isInstalled } from './promtool';
import { usesOf } from './promql';
import { panelQueries, type Query, ROOT, ruleQueries, rules, variableQueries } from './queries';

jest.setTimeout(120_000);

const installed = isInstalled('prometheus');
if (!installed) {
  process.stderr.write(
    'panels are not asked of a Prometheus: prometheus (package prometheus) is not installed here\n',
  );
}

const PORTS = {
  'session-api': 'SESSION_API_PORT',
  'chat-gateway': 'CHAT_GATEWAY_PORT',
  'notification-worker': 'NOTIFICATION_WORKER_PORT',
  scheduler: 'SCHEDULER_PORT',
};

/** Labels and series that Prometheus makes itself. */
const ITS_LABELS = ['job', 'instance', 'alertstate', 'alertname', 'severity'];
const ITS_SERIES = ['up', 'ALERTS'];

describe('the metrics of four running services', () => {
  let compiled: Build;
  let database: TestDatabase;
  let redis: OwnServer;
  let services: Map<string, ServiceProcess>;
  let shown: Map<string, Exposition>;
  const documented = documentedMetrics();

  beforeAll(async () => {
    compiled = buildServices();
    [database, redis] = await Promise.all([createTestDatabase(), startRedis()]);
    const env = {
      NODE_ENV: 'test',
      DATABASE_URL: database.url,
      REDIS_URL: redis.url,
      JWT_SECRET: TEST_JWT_SECRET,
      BACKEND_SERVICE_TOKEN: TEST_SERVICE_TOKEN,
      RATE_LIMIT_AUTH_FAILURES: '1/1h',
    };
    const started = Object.entries(PORTS).map(
      async ([app, port]) =>
        [app, await startServiceProcess(compiled, app, { ...env, [port]: '0' })] as const,
    );
    services = new Map(await Promise.all(started));
    await bringToLife();
    const scrapes = [...services].map(async ([app, { port }]) => {
      const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      return [app, readExposition(text)] as const;
    });
    shown = new Map(await Promise.all(scrapes));
  });
  afterAll(async () => {
    await Promise.all([...(services?.values() ?? [])].map((service) => service.kill()));
    await redis?.dispose();
    await database?.drop();
    compiled?.remove();
  });

  /** A request with its jobs, and somebody who is refused. */
  async function bringToLife(): Promise<void> {
    const api = `http://127.0.0.1:${services.get('session-api')?.port}`;
    const seeker = await testPerson('user');
    const asked = await fetch(`${api}/start_chat_session`, {
      method: 'POST',
      headers: { authorization: `Bearer ${seeker.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        user_email: seeker.email,
        i_need_message: 'hello',
        conversation_type: 'better_together',
      }),
    });
    expect(asked.status).toBe(201);
    for (const token of ['none', 'of these', 'is one']) {
      await fetch(`${api}/start_chat_session`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}` },
      });
    }
    await eventually('a job has run', async () => {
      const texts = [...services.values()].map(async ({ port }) =>
        (await fetch(`http://127.0.0.1:${port}/metrics`)).text(),
      );
      return (await Promise.all(texts)).some((text) => text.includes('kindline_job_duration_seconds_count{'));
    });
  }

  /** What is wrong with a query, one sentence each. */
  function wrongWith({ where, expr }: Query): string[] {
    return usesOf(expr).flatMap(({ metric, labels, jobs }) => {
      if (ITS_SERIES.includes(metric)) return [];
      const unknown = jobs?.filter((job) => !shown.has(job)) ?? [];
      const asked = [...shown].filter(([app]) => jobs?.includes(app) ?? true);
      const having = asked.filter(([, exposition]) => metricOf(exposition, metric));
      // A query without a job is content with one service that has the metric.
      const without = jobs ? asked.filter((one) => !having.includes(one)).map(([app]) => app) : [];
      if (having.length === 0) return [`${where}: nobody has ${metric}`];
      const seen = having.flatMap(([, exposition]) => [...(exposition.labels.get(metric) ?? [])]);
      const name = having.map(([, exposition]) => metricOf(exposition, metric))[0] ?? metric;
      // What has not happened yet has no series; then its documentation counts.
      const known = new Set([...ITS_LABELS, ...(seen.length > 0 ? seen : (documented.get(name) ?? []))]);
      const strange = [...labels].filter((label) => !known.has(label) && label !== 'le');
      return [
        ...unknown.map((job) => `${where}: no service is called ${job}`),
        ...without.map((app) => `${where}: ${app} has no ${metric}`),
        ...strange.map((label) => `${where}: ${metric} has no label ${label}`),
      ];
    });
  }

  it('say how many connections to Postgres a replica may hold, as operators are told', async () => {
    const text = readFileSync('docs/operations.md', 'utf8');
    for (const [app, { port }] of services) {
      const sizes = [...(await scrape(port))].filter(([name]) =>
        name.startsWith('kindline_postgres_pool_size'),
      );
      const documentedSum = Number(new RegExp(`^\\| ${app} +\\|.*\\| (\\d+) +\\|$`, 'm').exec(text)?.[1]);
      expect([app, sizes.reduce((sum, [, most]) => sum + most, 0)]).toEqual([app, documentedSum]);
    }
  });

  it('are there for every panel, every choice of replicas and every alert, with their labels', () => {
    const queries = [...panelQueries(), ...variableQueries(), ...ruleQueries()];
    expect(queries.length).toBeGreaterThan(100);
    expect(queries.flatMap(wrongWith)).toEqual([]);
  });

  it.each([
    ['rate(kindline_pushs_total[5m])', 'nobody has kindline_pushs_total'],
    ['kindline_sockets{job="scheduler"}', 'nobody has kindline_sockets'],
    ['kindline_draining{job="gateway"}', 'nobody has kindline_draining'],
    ['nodejs_heap_size_used_bytes{job=~"scheduler|gateway"}', 'no service is called gateway'],
    ['kindline_queue_jobs{job=~"scheduler|session-api"}', 'session-api has no kindline_queue_jobs'],
    ['kindline_push_call_seconds', 'nobody has kindline_push_call_seconds'],
    ['sum by (replica) (kindline_sockets)', 'kindline_sockets has no label replica'],
    ['kindline_pushes_total{result="accepted"}', 'kindline_pushes_total has no label result'],
  ])('would be missed by %s', (expr, wrong) => {
    expect(wrongWith({ where: 'here', expr, legend: [] })).toContain(`here: ${wrong}`);
  });

  it('are documented, all of them and no others, with their labels', () => {
    const ours = new Map<string, Set<string>>();
    for (const { types, labels } of shown.values()) {
      for (const [name, type] of types) {
        if (!/^(kindline|http)_/.test(name)) continue;
        const samples = labels.get(type === 'histogram' ? `${name}_count` : name) ?? [];
        ours.set(name, new Set([...(ours.get(name) ?? []), ...samples]));
      }
    }
    expect([...ours.keys()].sort()).toEqual([...documented.keys()].sort());
    for (const [name, labels] of ours) {
      if (labels.size > 0)
        expect([name, ...labels].sort()).toEqual([name, ...(documented.get(name) ?? [])].sort());
    }
  });

  it('are what the runbooks’ SQL goes on from: it runs', async () => {
    const text = readFileSync(join(ROOT, 'docs', 'runbooks.md'), 'utf8');
    const statements = [...text.matchAll(/```sql\n([\s\S]*?)```|`(SELECT [^`]*)`/g)];
    expect(statements.length).toBeGreaterThan(3);
    const client = new Client(database.url);
    await client.connect();
    for (const [, block, inline] of statements) await client.query(block ?? inline ?? '');
    await client.end();
  });

  (installed ? describe : describe.skip)('in a Prometheus with our configuration', () => {
    let prometheus: Prometheus;
    beforeAll(async () => {
      prometheus = await startPrometheus(new Map([...services].map(([app, { port }]) => [app, port])));
      await eventually('every service was scraped three times', async () => {
        const { data } = await prometheus.get(
          `/api/v1/query?query=${encodeURIComponent('count_over_time(up[1m])')}`,
        );
        const { result } = data as { result: { value: [number, string] }[] };
        return result.length === 4 && result.every(({ value: [, count] }) => Number(count) >= 3);
      });
    });
    afterAll(() => prometheus?.stop());

    async function resultOf(expr: string): Promise<{ metric: Record<string, string> }[]> {
      const { status, error, data } = await prometheus.get(`/api/v1/query?query=${encodeURIComponent(expr)}`);
      expect([expr, status, error]).toEqual([expr, 'success', undefined]);
      return (data as { result: { metric: Record<string, string> }[] }).result;
    }

    it('answer every panel, with the labels that its legend shows', async () => {
      let answered = 0;
      for (const { where, expr, legend } of [...panelQueries(), ...variableQueries()]) {
        const [first] = await resultOf(expr);
        if (!first) continue;
        answered += 1;
        for (const label of legend)
          expect([where, Object.keys(first.metric)]).toEqual([where, expect.arrayContaining([label])]);
      }
      // The others ask for what has not happened here.
      expect(answered).toBeGreaterThan(panelQueries().length / 2);
    });

    it('are what every alert is evaluated on', async () => {
      const evaluated = await eventually('the rules were evaluated', async () => {
        const { data } = await prometheus.get('/api/v1/rules');
        const { groups } = data as {
          groups: { rules: { name: string; health: string; lastError?: string }[] }[];
        };
        const all = groups.flatMap((group) => group.rules);
        return all.every(({ health }) => health !== 'unknown') && all;
      });
      expect(evaluated.map(({ name }) => name).sort()).toEqual(
        rules()
          .map(({ alert }) => alert)
          .sort(),
      );
      expect(evaluated.filter(({ health }) => health !== 'ok')).toEqual([]);
    });

    it('show at once what is taken away: Redis, and the last replica of a service', async () => {
      const raised = async (): Promise<string[]> =>
        (await resultOf('ALERTS')).map(({ metric }) => `${metric['alertname']} ${metric['job']}`);
      expect((await raised()).filter((alert) => /Away|Down/.test(alert))).toEqual([]);
      await redis.stop();
      await services.get('scheduler')?.kill();
      const expected = [
        'RedisAway session-api',
        'RedisAway chat-gateway',
        'TransportDown chat-gateway',
        'ServiceDown scheduler',
      ];
      await eventually(
        'the alerts are raised',
        async () => {
          const alerts = await raised();
          return expected.every((alert) => alerts.includes(alert));
        },
        30_000,
      );
    });
  });
});
