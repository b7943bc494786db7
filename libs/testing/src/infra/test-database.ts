import { migrate } from '@kindline/database';
import { createHash, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { launchers, projectRoot, temporaryFolder } from './launchers';

/** Any number nobody else locks with: spec files run side by side and must not all make the template. */
const TEMPLATE_LOCK = 424_242;

let ownServer: Promise<string> | undefined;

/** The run's Postgres: the one `npm test` started, else one for this spec file, for who calls Jest directly. */
function serverUrl(): Promise<string> {
  const given = process.env['KINDLINE_TEST_POSTGRES_URL'];
  if (given) return Promise.resolve(given);
  return (ownServer ??= startOwnServer());
}

async function startOwnServer(): Promise<string> {
  const { startPostgres } = await launchers();
  const settings = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off' };
  return (await startPostgres({ dataDir: temporaryFolder(), temporary: true, settings })).url;
}

const withDatabase = (url: string, name: string): string =>
  Object.assign(new URL(url), { pathname: `/${name}` }).href;

async function connected<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
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
  const folder = join(projectRoot(), 'libs', 'database', 'src');
  const hash = createHash('sha256');
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    if (file.endsWith('.ts')) hash.update(file).update(readFileSync(join(folder, file)));
  }
  return `kindline_template_${hash.digest('hex').slice(0, 16)}`;
}

/** Migrates under another name first: an interrupted migration must not be mistaken for a template. */
async function ensureTemplate(url: string, template: string): Promise<void> {
  await connected(url, async (client) => {
    await client.query('SELECT pg_advisory_lock($1)', [TEMPLATE_LOCK]);
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [template]);
    if (rowCount !== 0) return;
    const unfinished = `${template}_unfinished`;
    await client.query(`DROP DATABASE IF EXISTS ${unfinished} WITH (FORCE)`);
    await client.query(`CREATE DATABASE ${unfinished}`);
    await migrate(withDatabase(url, unfinished));
    await client.query(`ALTER DATABASE ${unfinished} RENAME TO ${template}`);
  });
}

export interface TestDatabase {
  url: string;
  drop(): Promise<void>;
}

/** A migrated database of one's own, cloned from a template that is made once per schema. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const url = await serverUrl();
  const template = templateName();
  const name = `kindline_test_${randomUUID().replaceAll('-', '')}`;
  await ensureTemplate(url, template);
  await connected(url, (client) => client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`));
  return {
    url: withDatabase(url, name),
    drop: async () => {
      await connected(url, (client) => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
    },
  };
}
