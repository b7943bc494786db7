import { migrate } from '@kindline/database';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { type PostgresServer, startPostgres as start } from '../../../tools/postgres.mjs';
import { startRedis as startOwnRedis } from '../../../tools/redis.mjs';

/** A server of a test's own that can be taken away and brought back on the same port. */
export interface OwnServer {
  url: string;
  port: number;
  /** Stops it; `start` brings it back with what it had stored. */
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Stops it for good and removes its files. */
  dispose(): Promise<void>;
}

async function own(
  launch: (dataDir: string, port?: number) => Promise<{ url: string; port: number; stop(): Promise<void> }>,
): Promise<OwnServer> {
  const dataDir = mkdtempSync(join(tmpdir(), 'kindline-test-'));
  let server = await launch(dataDir);
  const { url, port } = server;
  return {
    url,
    port,
    stop: () => server.stop(),
    start: async () => {
      server = await launch(dataDir, port);
    },
    dispose: async () => {
      await server.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** A Redis of one's own, empty. */
export const startRedis = (): Promise<OwnServer> =>
  own((dataDir, port) => startOwnRedis({ dataDir, ...(port && { port }) }));

/** A Postgres of one's own, not migrated. */
export const startPostgres = (): Promise<OwnServer> =>
  own((dataDir, port) => start({ dataDir, ...(port && { port }) }));

let shared: Promise<PostgresServer> | undefined;

/** The run's Postgres: the one `npm test` started, or one started here when Jest runs by itself. */
async function serverUrl(): Promise<string> {
  const given = process.env['KINDLINE_TEST_POSTGRES_URL'];
  if (given) return given;
  shared ??= start({ dataDir: mkdtempSync(join(tmpdir(), 'kindline-test-')), settings: { fsync: 'off' } });
  return (await shared).url;
}

const withDatabase = (url: string, name: string): string =>
  Object.assign(new URL(url), { pathname: `/${name}` }).href;

async function admin<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client(url);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** A changed schema makes a new template. */
function templateName(): string {
  const folder = join(__dirname, '..', '..', 'database', 'src');
  const hash = createHash('sha256');
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    if (file.endsWith('.ts')) hash.update(readFileSync(join(folder, file)));
  }
  return `template_${hash.digest('hex').slice(0, 16)}`;
}

export interface TestDatabase {
  url: string;
  drop(): Promise<void>;
}

/** A migrated database of one's own, cloned from a template that is made once per schema. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const url = await serverUrl();
  const template = templateName();
  const name = `test_${createHash('sha256').update(`${process.pid}${process.hrtime.bigint()}`).digest('hex').slice(0, 16)}`;
  await admin(url, async (client) => {
    await client.query('SELECT pg_advisory_lock(424242)');
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [template]);
    if (rowCount === 0) {
      await client.query(`DROP DATABASE IF EXISTS ${template}_new`);
      await client.query(`CREATE DATABASE ${template}_new`);
      await migrate(withDatabase(url, `${template}_new`));
      await client.query(`ALTER DATABASE ${template}_new RENAME TO ${template}`);
    }
    await client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
    await client.query('SELECT pg_advisory_unlock(424242)');
  });
  return {
    url: withDatabase(url, name),
    drop: () =>
      admin(url, async (client) => {
        await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      }),
  };
}
