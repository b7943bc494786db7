import { rmSync } from 'node:fs';
import { launchers, temporaryFolder } from './launchers';

interface Launched {
  url: string;
  port: number;
  stop(): Promise<void>;
  kill(): Promise<void>;
}

/** A server of a test's own that can be taken away and brought back on the same port. */
export class OwnServer {
  private constructor(
    private readonly dataDir: string,
    private readonly launch: (dataDir: string, port?: number) => Promise<Launched>,
    private server: Launched,
  ) {}

  static async start(launch: (dataDir: string, port?: number) => Promise<Launched>): Promise<OwnServer> {
    const dataDir = temporaryFolder();
    return new OwnServer(dataDir, launch, await launch(dataDir));
  }

  get url(): string {
    return this.server.url;
  }

  get port(): number {
    return this.server.port;
  }

  /** Stops it in order; `start` brings it back. */
  async stop(): Promise<void> {
    await this.server.stop();
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    await this.server.kill();
  }

  /** Brings it back on its port, with what it had on disk. */
  async start(): Promise<void> {
    this.server = await this.launch(this.dataDir, this.port);
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** Stops it for good and removes its files. */
  async dispose(): Promise<void> {
    await this.stop();
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}

/**
 * A Redis of one's own, empty; it keeps nothing over `stop` or `kill`. `cluster`: as a node of a cluster, which
 * refuses commands whose keys are not of one slot.
 */
export const startRedis = ({ cluster = false } = {}): Promise<OwnServer> =>
  OwnServer.start(async (dataDir, port) =>
    (await launchers()).startRedis({ dataDir, cluster, temporary: true, ...(port && { port }) }),
  );

/** A Postgres of one's own, not migrated; what is committed survives `stop` and `kill`. */
export const startPostgres = (): Promise<OwnServer> =>
  OwnServer.start(async (dataDir, port) =>
    (await launchers()).startPostgres({ dataDir, temporary: true, ...(port && { port }) }),
  );
