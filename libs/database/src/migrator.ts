import { Logger as WorkerLogger, runMigrations } from 'graphile-worker';
import { createDataSource } from './data-source';
import { QUEUES } from './jobs';

/** Any number nobody else locks with; replicas that start together migrate one after the other. */
const MIGRATION_LOCK = 7_236_471_095;

const silent = new WorkerLogger(() => () => undefined);

/** Brings a database to this version's schema: our tables, then the job queues'. Repeating it changes nothing. */
export async function migrate(url: string): Promise<void> {
  const dataSource = createDataSource({
    url,
    poolSize: 2,
    applicationName: 'kindline-migrate',
    patient: true,
  });
  await dataSource.initialize();
  const lock = dataSource.createQueryRunner();
  try {
    await lock.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await dataSource.runMigrations();
    for (const schema of QUEUES) await runMigrations({ connectionString: url, schema, logger: silent });
    await lock.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]);
  } finally {
    await lock.release();
    await dataSource.destroy();
  }
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
