import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from './eventually';

const ROOT = join(__dirname, '..', '..', '..');

export interface Build {
  folder: string;
  remove(): void;
}

/** The services as JavaScript; `npm test` compiles them once for all spec files, and removes them at the end. */
export function buildServices(): Build {
  const run = process.env['KINDLINE_TEST_DIR'];
  if (!run) {
    const folder = compileServices(join(ROOT, '.data'));
    return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
  }
  const folder = join(run, 'services');
  if (!existsSync(folder)) {
    const compiled = compileServices(run);
    try {
      renameSync(compiled, folder);
    } catch (error) {
      // Another spec file was faster.
      rmSync(compiled, { recursive: true, force: true });
      if (!existsSync(folder)) throw error;
    }
  }
  return { folder, remove: () => undefined };
}

/** @param data a folder inside the repository, so that their packages are found */
function compileServices(data: string): string {
  mkdirSync(data, { recursive: true });
  const folder = mkdtempSync(join(data, 'test-dist-'));
  const swc = join(ROOT, 'node_modules', '@swc', 'cli', 'bin', 'swc.js');
  const ignore = '**/*.spec.ts,**/*.integration-spec.ts,apps/console/**';
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
  return folder;
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
