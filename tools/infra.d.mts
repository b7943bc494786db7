/** A started server. `kill` is kill -9. */
export interface Server {
  url: string;
  stop(): Promise<void>;
}
export function ensurePostgres(options: {
  dataDir: string;
  settings?: Record<string, string>;
  log?: (line: string) => void;
}): Promise<Server>;
export function ensureRedis(options: { dataDir: string; log?: (line: string) => void }): Promise<Server>;
