export interface PostgresServer {
  url: string;
  port: number;
  pid: number;
  stop(): Promise<void>;
  kill(): Promise<void>;
}
export function startPostgres(options: {
  dataDir: string;
  port?: number;
  settings?: Record<string, string>;
  log?: (line: string) => void;
}): Promise<PostgresServer>;
export function answers(url: string): Promise<void>;
