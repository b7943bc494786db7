import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from './eventually';

const ROOT = join(__dirname, '..', '..', '..');

export interface Build {
  folder: string;
  remove(): void;
}

/** The services as JavaScript, inside the repository so that their packages are found. */
export function buildServices(): Build {
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

export interface ServiceProcess {
  pid: number;
  port: number;
  /** Everything it has written so far. */
  output(): string;
  /** kill -9: no goodbye, no flush. Resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGTERM. @returns its exit code */
  stop(): Promise<number | null>;
}

/**
 * A service as a process of its own, on a port that the system chooses; `env` must set its port to 0. Its port is
 * read from its log: of the levels that `env` asks for only those that say more than `info` count.
 */
export async function startServiceProcess(
  { folder }: Build,
  app: string,
  env: Record<string, string>,
): Promise<ServiceProcess> {
  const asked = env['LOG_LEVEL'];
  const level = asked === 'debug' || asked === 'trace' ? asked : 'info';
  const child = spawn(process.execPath, [join(folder, `apps/${app}/src/main.js`)], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'], ...env, LOG_LEVEL: level },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stdout.on('data', (data) => (said += String(data)));
  child.stderr.on('data', (data) => (said += String(data)));
  const gone = new Promise<number | null>((resolve) => child.on('exit', resolve));
  const port = await eventually(
    `${app} listens`,
    () => {
      if (child.exitCode !== null) throw new Error(`${app} ended: ${said}`);
      const line = said
        .split('\n')
        .find((text) => text.includes(`${app} is listening`) && text.endsWith('}'));
      return line === undefined ? undefined : (JSON.parse(line) as { port: number }).port;
    },
    30_000,
  ).catch((error: unknown) => {
    child.kill('SIGKILL');
    throw error;
  });
  return {
    pid: child.pid ?? 0,
    port,
    output: () => said,
    kill: async () => {
      child.kill('SIGKILL');
      await gone;
    },
    stop: () => {
      child.kill('SIGTERM');
      return gone;
    },
  };
}
