import { createPool } from '@kindline/database';
import { Redis } from 'ioredis';
import { cpus, totalmem } from 'node:os';
import type { Infra } from '../setup/infra';

/** What the numbers were measured on. */
export type MachineFacts = Record<string, string>;

/** Facts of the machine and the servers; nothing that names either. */
export async function machineFacts({ databaseUrl, redisUrl }: Infra): Promise<MachineFacts> {
  const pool = createPool(databaseUrl, 'bench', 1);
  const { rows } = await pool.query<{ version: string; fsync: string; commit: string }>(
    `SELECT current_setting('server_version') AS version, current_setting('fsync') AS fsync,
      current_setting('synchronous_commit') AS commit`,
  );
  await pool.end();
  const redis = new Redis(redisUrl);
  const info = await redis.info('server');
  redis.disconnect();
  const cores = cpus();
  const [postgres] = rows;
  return {
    date: new Date().toISOString().slice(0, 16).replace('T', ' ') + ' UTC',
    cores: `${cores.length} × ${cores[0]?.model.trim() ?? 'unknown'}`,
    memory: `${(totalmem() / 1024 ** 3).toFixed(0)} GiB`,
    kernel: process.platform,
    Node: process.version,
    Postgres: `${postgres?.version}, fsync ${postgres?.fsync}, synchronous_commit ${postgres?.commit}`,
    Redis: /redis_version:(\S+)/.exec(info)?.[1] ?? 'unknown',
  };
}
