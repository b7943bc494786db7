import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { eventually } from './kit';

const ROOT = join(__dirname, '..', '..', '..');

export interface Build {
  folder: string;
  remove(): void;
}

/** The services as JavaScript, inside the repository so that their packages are found. */
export function build(): Build {
  const data = join(ROOT, '.data');
  mkdirSync(data, { recursive: true });
  const folder = mkdtempSync(join(data, 'test-dist-'));
  const swc = join(ROOT, 'node_modules', '@swc', 'cli', 'bin', 'swc.js');
  const ignore = '**/*.spec.ts,**/*.integration-spec.ts';
  const args = [
    swc,
    'libs',
    'apps',
    '-d',
    folder,
    '-C',
    `jsc.baseUrl=${ROOT}`,
    '--ignore',
    ignore,
    '--quiet',
  ];
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' });
  if (status !== 0) throw new Error(`the services could not be compiled: ${stderr}`);
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

export interface GatewayProcess {
  port: number;
  /** kill -9: no goodbye, no flush. */
  kill(): void;
  stop(): Promise<void>;
}

/** A gateway replica as a process of its own. */
export async function startGatewayProcess(
  { folder }: Build,
  env: Record<string, string>,
): Promise<GatewayProcess> {
  const port = await freePort();
  const child: ChildProcess = spawn(process.execPath, [join(folder, 'apps/chat-gateway/src/main.js')], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'], ...env, CHAT_GATEWAY_PORT: String(port) },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr?.on('data', (data) => (said += String(data)));
  const ended = new Promise<void>((resolve) => child.on('exit', () => resolve()));
  await eventually(
    `the gateway process listens; it said: ${said}`,
    async () => {
      if (child.exitCode !== null) throw new Error(`the gateway process ended: ${said}`);
      const response = await fetch(`http://127.0.0.1:${port}/health/ready`).catch(() => undefined);
      return response?.status === 200;
    },
    30_000,
  );
  return {
    port,
    kill: () => child.kill('SIGKILL'),
    stop: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
