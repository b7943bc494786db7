import { migrate } from '@kindline/database';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as PostgresTool from '../../tools/postgres.mjs';
import type * as RedisTool from '../../tools/redis.mjs';

/** The repository, seen from dist/bench/setup. */
export const ROOT = resolve(__dirname, '..', '..', '..');

/** Nothing that makes a commit safe is turned off. */
const SAFE = { fsync: 'on', full_page_writes: 'on', synchronous_commit: 'on' };

const tool = (name: string): string => pathToFileURL(join(ROOT, 'tools', name)).href;

const pidIn = (file: string): number => Number(readFileSync(file, 'utf8').split('\n')[0]);

/** A migrated Postgres and a Redis of one's own, in a folder that is removed at the end. */
export interface Infra {
  databaseUrl: string;
  redisUrl: string;
  postgresPid: number;
  redisPid: number;
  secret: string;
  /** Of this run; removed at its end. */
  dataDir: string;
  stop(): Promise<void>;
}

export async function startInfra(): Promise<Infra> {
  mkdirSync(join(ROOT, '.data'), { recursive: true });
  const dataDir = mkdtempSync(join(ROOT, '.data', 'bench-'));
  const servers: (PostgresTool.PostgresServer | RedisTool.RedisServer)[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.stop()));
    rmSync(dataDir, { recursive: true, force: true });
  };
  try {
    const { startPostgres } = (await import(tool('postgres.mjs'))) as typeof PostgresTool;
    const { startRedis } = (await import(tool('redis.mjs'))) as typeof RedisTool;
    const postgres = await startPostgres({ dataDir, settings: SAFE, temporary: true });
    servers.push(postgres);
    const redis = await startRedis({ dataDir });
    servers.push(redis);
    await migrate(postgres.url);
    return {
      databaseUrl: postgres.url,
      redisUrl: redis.url,
      postgresPid: pidIn(join(dataDir, 'postgres', 'postmaster.pid')),
      redisPid: pidIn(join(dataDir, 'redis', 'redis.pid')),
      secret: randomBytes(48).toString('base64'),
      dataDir,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
