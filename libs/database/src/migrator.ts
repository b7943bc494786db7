import { Logger as WorkerLogger, runMigrations } from 'graphile-worker';
import { createDataSource } from './data-source';
import { QUEUES } from './jobs';
import { sqlState } from './transaction';
import type { DataSource } from 'typeorm';

/** Any number nobody else locks with; replicas that start together migrate one after the other. */
const MIGRATION_LOCK = 7_236_471_095;

/** A migration that waits for a lock stops all who come after it: so it waits shortly, and often. */
const LOCK_TIMEOUT_MS = 2_000;
const TRIES = 60;
const PAUSE_MS = 3_000;
const LOCK_NOT_AVAILABLE = '55P03';

const silent = new WorkerLogger(() => () => undefined);

/**
 * Brings a database to this version's schema: our tables, then the job queues'. Repeating it changes nothing.
 * @param waits hears of each time a table is in use and the migration lets others pass
 * @throws when a table was in use for five minutes on end
 */
export async function migrate(url: string, waits: () => void = () => undefined): Promise<void> {
  const dataSource = createDataSource({
    url,
    poolSize: 2,
    applicationName: 'kindline-migrate',
    lockTimeoutMs: LOCK_TIMEOUT_MS,
  });
  await dataSource.initialize();
  const lock = dataSource.createQueryRunner();
  try {
    await lock.query('SET lock_timeout = 0');
    await lock.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await patiently(() => dataSource.runMigrations(), waits);
    const connectionString = withLockTimeout(url);
    for (const schema of QUEUES) {
      await patiently(() => runMigrations({ connectionString, schema, logger: silent }), waits);
    }
    await lock.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]);
  } finally {
    await lock.release();
    await dataSource.destroy();
  }
}

/** Each migration is a transaction: one that was refused a lock has changed nothing and can be tried again. */
async function patiently(run: () => Promise<unknown>, waits: () => void): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await run();
      return;
    } catch (error) {
      if (sqlState(error) !== LOCK_NOT_AVAILABLE || attempt === TRIES) throw error;
      waits();
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}

function withLockTimeout(url: string): string {
  const bounded = new URL(url);
  const options = [bounded.searchParams.get('options'), `-c lock_timeout=${LOCK_TIMEOUT_MS}`];
  bounded.searchParams.set('options', options.filter(Boolean).join(' '));
  return bounded.href;
}

/** Names of this version's migrations that a database has not seen; it may have seen newer ones. */
export async function pendingMigrations(dataSource: DataSource): Promise<string[]> {
  const [table] = await dataSource.query<[{ there: boolean }]>(
    `SELECT to_regclass('migrations') IS NOT NULL AS there`,
  );
  const done = table.there ? await dataSource.query<{ name: string }[]>('SELECT name FROM migrations') : [];
  const names = new Set(done.map(({ name }) => name));
  return dataSource.migrations.flatMap(({ name }) => (name === undefined || names.has(name) ? [] : [name]));
}

/** Statements that would bring a migrated database to what the entities say; empty when they agree. */
export async function schemaDrift(url: string): Promise<string[]> {
  const dataSource = createDataSource({ url, poolSize: 1 });
  await dataSource.initialize();
  try {
    const log = await dataSource.driver.createSchemaBuilder().log();
    return log.upQueries.map(({ query }) => query);
  } finally {
    await dataSource.destroy();
  }
}
