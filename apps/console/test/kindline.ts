import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient, type KindlineClient } from '@kindline/client';
import { createTestDatabase, eventually, freePort } from '@kindline/testing';

const ROOT = join(__dirname, '..', '..', '..');
const PORTS = [
  'SESSION_API_PORT',
  'CHAT_GATEWAY_PORT',
  'NOTIFICATION_WORKER_PORT',
  'SCHEDULER_PORT',
  'PUSH_SANDBOX_PORT',
  'PUSH_SANDBOX_TLS_PORT',
] as const;

/** As tools/demo.mjs has them. */
const ROLES: Record<string, string> = {
  Ada: 'user',
  Omar: 'user',
  Ben: 'volunteer',
  Cleo: 'volunteer',
  Dora: 'senior',
  Alex: 'admin',
};
function demoPerson(name: string): object {
  const role = ROLES[name];
  if (role === undefined) throw new Error(`${name} has no role here`);
  const short = name.toLowerCase();
  return { sub: `demo-${short}`, email: `${short}@demo.kindline`, name, roles: [role] };
}

/** What `npm start` starts, on ports and with data of its own. */
export class Kindline {
  private said = '';

  private constructor(
    private readonly process: ChildProcess,
    private readonly ports: Record<(typeof PORTS)[number], number>,
    private readonly dataDir: string,
    private readonly dropDatabase: () => Promise<void>,
  ) {
    for (const stream of [process.stdout, process.stderr])
      stream?.on('data', (data) => (this.said += String(data)));
  }

  static async start(more: Record<string, string> = {}): Promise<Kindline> {
    if (!existsSync(join(ROOT, 'dist', 'console', 'index.html'))) {
      throw new Error('the console has not been built: run these specs by `npm test`');
    }
    const ports = Object.fromEntries(
      await Promise.all(PORTS.map(async (name) => [name, await freePort()])),
    ) as Kindline['ports'];
    const database = await createTestDatabase();
    const dataDir = mkdtempSync(join(process.env['KINDLINE_TEST_DIR'] ?? tmpdir(), 'console-'));
    const child = spawn(process.execPath, [join(ROOT, 'tools', 'start.mjs')], {
      cwd: ROOT,
      // The channel lets it end with this process, whatever becomes of this one.
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: {
        ...process.env,
        ...Object.fromEntries(Object.entries(ports).map(([name, port]) => [name, String(port)])),
        NODE_ENV: 'development',
        DATA_DIR: dataDir,
        DATABASE_URL: database.url,
        RATE_LIMIT_DISABLED: 'true',
        ...more,
      },
    });
    const kindline = new Kindline(child, ports, dataDir, () => database.drop());
    await eventually(
      'Kindline is ready',
      () => {
        if (child.exitCode !== null) throw new Error(`npm start ended: ${kindline.said}`);
        return kindline.said.includes('Ctrl-C stops everything');
      },
      90_000,
    ).catch(async (error: unknown) => {
      await kindline.stop();
      throw error;
    });
    return kindline;
  }

  get console(): string {
    return `http://127.0.0.1:${this.ports.SESSION_API_PORT}/console/`;
  }

  get gatewayUrl(): string {
    return `http://127.0.0.1:${this.ports.CHAT_GATEWAY_PORT}`;
  }

  get api(): string {
    return `http://127.0.0.1:${this.ports.SESSION_API_PORT}`;
  }

  /** The service token, for what backends do. */
  get serviceToken(): string {
    const secrets = readFileSync(join(this.dataDir, 'secrets.json'), 'utf8');
    return (JSON.parse(secrets) as { BACKEND_SERVICE_TOKEN: string }).BACKEND_SERVICE_TOKEN;
  }

  /** Somebody in this process, with everything that a page of theirs could do. */
  async client(name: string): Promise<KindlineClient> {
    const token = await this.tokenOf(name);
    return createClient({ apiUrl: this.api, gatewayUrl: this.gatewayUrl, token: () => token });
  }

  async tokenOf(name: string): Promise<string> {
    const { api } = this;
    const answer = await fetch(`${api}/auth/tokens`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.serviceToken}`, 'content-type': 'application/json' },
      body: JSON.stringify(demoPerson(name)),
    });
    const { token } = (await answer.json()) as { token: string };
    return token;
  }

  /** As a backend: somebody has booked a facilitator's session. */
  async book(facilitator: string, title: string): Promise<void> {
    const { ok, status } = await fetch(`${this.api}/api/bookings/notifications`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.serviceToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        booking_id: title,
        facilitator_id: facilitator,
        user: { id: 5, name: 'Jane', email: 'jane@example.com' },
        session: { id: 1, title, start_time: '2030-01-15T09:00:00' },
      }),
    });
    if (!ok) throw new Error(`the booking was answered ${status}`);
  }

  /** kill -9 of a service; `npm start` starts it again a second later. */
  kill(service: string): void {
    const { pid } = this.process;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
    const found = children.find((child) =>
      readFileSync(`/proc/${child}/cmdline`, 'utf8').includes(join('apps', service, 'src', 'main.js')),
    );
    if (found === undefined) throw new Error(`${service} does not run`);
    process.kill(Number(found), 'SIGKILL');
  }

  async stop(): Promise<void> {
    if (this.process.exitCode === null) {
      const gone = once(this.process, 'exit');
      this.process.kill('SIGTERM');
      await gone;
    }
    await this.dropDatabase();
    rmSync(this.dataDir, { recursive: true, force: true, maxRetries: 5 });
  }
}
