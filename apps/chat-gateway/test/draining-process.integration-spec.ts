import {
  type Build,
  buildServices,
  createTestDatabase,
  eventually,
  startServiceProcess,
  type TestDatabase,
} from '@kindline/testing';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { TestSocket, World } from './kit';

jest.setTimeout(120_000);

const STOPPED_WITHIN_MS = 25_500;
const SERVICES = ['chat-gateway', 'session-api', 'notification-worker', 'scheduler'];

/** A way to a server that falls silent without hanging up, as a network does. */
class SilentWay {
  private readonly sockets = new Set<Socket>();
  private constructor(private readonly server: Server) {}

  static async start(to: number, { silent = false } = {}): Promise<SilentWay> {
    const server = createServer((client) => {
      way.sockets.add(client.on('error', () => undefined));
      if (silent) return;
      const upstream = connect(to, '127.0.0.1').on('error', () => undefined);
      way.sockets.add(upstream);
      client.pipe(upstream).pipe(client);
      upstream.on('close', () => client.destroy());
      client.on('close', () => upstream.destroy());
    });
    const way = new SilentWay(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return way;
  }

  /** The same address by this way. */
  via(url: string): string {
    const through = new URL(url);
    through.host = `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
    return through.href;
  }

  fallSilent(): void {
    for (const socket of this.sockets) socket.unpipe().pause();
    this.server.removeAllListeners('connection');
    this.server.on('connection', (socket) => this.sockets.add(socket));
  }

  stop(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }
}

describe('a process that is told to stop', () => {
  let build: Build;
  let database: TestDatabase;
  let world: World;
  let ways: SilentWay[];

  beforeAll(async () => {
    build = buildServices();
    database = await createTestDatabase();
    world = await World.start(database.url, { apis: 0, gateways: 0 });
  });
  afterAll(async () => {
    await world.stop();
    await database.drop();
    build.remove();
  });
  beforeEach(() => (ways = []));
  afterEach(() => {
    for (const way of ways) way.stop();
  });

  async function wayTo(url: string, options = {}): Promise<SilentWay> {
    const way = await SilentWay.start(Number(new URL(url).port), options);
    ways.push(way);
    return way;
  }

  /** How long it takes to end, and with which code. */
  async function timed(ending: Promise<number | null>): Promise<{ code: number | null; ms: number }> {
    const began = performance.now();
    const code = await ending;
    return { code, ms: performance.now() - began };
  }

  it('leaves at once when nobody balances, however often it is told', async () => {
    const service = await startServiceProcess(build, 'chat-gateway', world.env);
    const socket = await TestSocket.guest(service.port);
    const [first, second] = await Promise.all([timed(service.stop()), timed(service.stop())]);
    expect([first.code, second.code]).toEqual([0, 0]);
    expect(first.ms).toBeLessThan(5_000);
    expect(socket.all('server_draining')).toHaveLength(1);
    socket.close();
  });

  it('is gone within 25 s when that comes while it waits for its database to start with', async () => {
    const way = await wayTo(database.url, { silent: true });
    const env = { ...world.env, DATABASE_URL: way.via(database.url), PATH: process.env['PATH'] };
    const child = spawn(process.execPath, [join(build.folder, 'apps/chat-gateway/src/main.js')], {
      env,
      stdio: 'ignore',
    });
    const gone = once(child, 'exit') as Promise<[number | null]>;
    await eventually('it has asked', () => way['sockets'].size > 0);
    child.kill('SIGTERM');
    const { code, ms } = await timed(gone.then(([exitCode]) => exitCode));
    expect(code).toBe(1);
    expect(ms).toBeLessThan(STOPPED_WITHIN_MS);
  });

  it.each(['DATABASE_URL', 'REDIS_URL'] as const)(
    'is gone within 25 s when %s has fallen silent, whatever service it is',
    async (name) => {
      const way = await wayTo(world.env[name]);
      const env = { ...world.env, [name]: way.via(world.env[name]) };
      const services = await Promise.all(SERVICES.map((app) => startServiceProcess(build, app, env)));
      way.fallSilent();
      const ends = await Promise.all(services.map((service) => timed(service.stop())));
      if (process.env['SHOW']) process.stderr.write(`${name} ${JSON.stringify(ends)}\n`);
      for (const { ms } of ends) expect(ms).toBeLessThan(STOPPED_WITHIN_MS);
    },
  );
});
