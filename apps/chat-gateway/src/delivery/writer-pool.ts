import { Pool } from 'pg';

/** Nest token: the writer's own connections, so that slow reads never stand in front of a message. */
export const WRITER_POOL = Symbol('WRITER_POOL');
export type WriterPool = Pool;

export function createWriterPool(url: string, size: number): WriterPool {
  const pool = new Pool({
    connectionString: url,
    max: size,
    application_name: 'kindline-gateway-writer',
    connectionTimeoutMillis: 5_000,
    statement_timeout: 10_000,
    query_timeout: 12_000,
    keepAlive: true,
  });
  // An idle connection that breaks is replaced at the next use; without a listener it would end the process.
  pool.on('error', () => undefined);
  return pool;
}
