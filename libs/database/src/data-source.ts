import type { Pool } from 'pg';
import { DataSource, type DataSourceOptions } from 'typeorm';
import * as entities from './entities';
import { MIGRATIONS } from './migrations';
import { SnakeNamingStrategy } from './naming.strategy';

export interface DatabaseOptions {
  url: string;
  /** Most connections of this process; default 10. */
  poolSize?: number;
  applicationName?: string;
  /**
   * For migrations: statements may take as long as they need, as when an index of a large table is built, but wait
   * only this long for a lock, because everybody else would wait behind them.
   */
  lockTimeoutMs?: number;
}

/** TypeORM's settings for our schema: migrations only, never `synchronize`. */
export function dataSourceOptions({
  url,
  poolSize = 10,
  applicationName,
  lockTimeoutMs,
}: DatabaseOptions): DataSourceOptions {
  return {
    type: 'postgres',
    url,
    entities: Object.values(entities),
    migrations: MIGRATIONS,
    migrationsTransactionMode: 'each',
    namingStrategy: new SnakeNamingStrategy(),
    synchronize: false,
    logging: false,
    // A dead peer must not hold a caller for ever: connect within 5 s, answer within 30 s.
    extra: {
      max: poolSize,
      connectionTimeoutMillis: 5_000,
      ...(lockTimeoutMs === undefined
        ? { statement_timeout: 30_000, query_timeout: 35_000 }
        : { lock_timeout: lockTimeoutMs }),
      keepAlive: true,
    },
    applicationName: applicationName ?? 'kindline',
  };
}

export function createDataSource(options: DatabaseOptions): DataSource {
  return new DataSource(dataSourceOptions(options));
}

/** The connections behind a data source. */
export function poolOf(dataSource: DataSource): Pool {
  return (dataSource.driver as unknown as { master: Pool }).master;
}
