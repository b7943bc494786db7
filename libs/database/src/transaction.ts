import type { DataSource, EntityManager } from 'typeorm';
import { JobRaceError } from './jobs';

const ATTEMPTS = 5;
/** serialization_failure, deadlock_detected */
const RETRYABLE = new Set(['40001', '40P01']);

/** The SQLSTATE of a failed query, if it is one. */
export function sqlState(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
}

/** The constraint a failed statement violated, if it did. */
export function violatedConstraint(error: unknown): string | undefined {
  const constraint = (error as { constraint?: unknown } | null)?.constraint;
  return typeof constraint === 'string' ? constraint : undefined;
}

/** Runs `work` in one transaction; dead-locks and races of keyed jobs are tried again, so `work` must be pure SQL. */
export async function inTransaction<T>(
  dataSource: DataSource,
  work: (manager: EntityManager) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await dataSource.transaction(work);
    } catch (error) {
      const again = error instanceof JobRaceError || RETRYABLE.has(sqlState(error) ?? '');
      if (!again || attempt === ATTEMPTS) throw error;
    }
  }
}

/** Rows of an `UPDATE … RETURNING`; TypeORM answers those as [rows, count]. */
export async function updated<Row>(
  manager: EntityManager,
  sql: string,
  parameters: unknown[],
): Promise<Row[]> {
  const [rows] = await manager.query<[Row[], number]>(sql, parameters);
  return rows;
}
