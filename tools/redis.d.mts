export interface RedisServer {
  url: string;
  port: number;
  stop(): Promise<void>;
  /** kill -9 of the server, as a crash would. */
  kill(): Promise<void>;
}
export function startRedis(options: {
  dataDir: string;
  port?: number;
  cluster?: boolean;
  /** The whole `dataDir` goes when the process that started it was killed. */
  temporary?: boolean;
  log?: (line: string) => void;
}): Promise<RedisServer>;
export function answers(url: string): Promise<void>;
