export { startPostgres, type PostgresServer } from './postgres.mjs';
export { startRedis, type RedisServer } from './redis.mjs';

/** Something that answers at `url`; `stop` ends it if it is ours. */
export interface Server {
  url: string;
  stop(): Promise<void>;
}
interface Options {
  /** Where an embedded server keeps its data. */
  dataDir: string;
  port?: number;
  /** Removes `dataDir` when the process that started it was killed. */
  temporary?: boolean;
  log?: (line: string) => void;
}
export function ensurePostgres(options: Options & { settings?: Record<string, string> }): Promise<Server>;
export function ensureRedis(options: Options): Promise<Server>;
/** A port on loopback that nobody uses. */
export function freePort(): Promise<number>;
