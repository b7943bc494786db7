export interface PostgresServer {
  url: string;
  port: number;
  stop(): Promise<void>;
  /** kill -9 of the server, as a crash would. */
  kill(): Promise<void>;
}
export function startPostgres(options: {
  dataDir: string;
  port?: number;
  settings?: Record<string, string>;
  /** The whole `dataDir` goes when the process that started it was killed. */
  temporary?: boolean;
  log?: (line: string) => void;
}): Promise<PostgresServer>;
export function answers(url: string): Promise<void>;
