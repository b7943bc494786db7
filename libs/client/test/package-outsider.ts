import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

export const ROOT = join(__dirname, '..', '..', '..');
const MODULES = join(ROOT, 'node_modules');

/** A project of somebody else's, outside of this repository, with the packed client and socket.io-client. */
export interface Outsider {
  folder: string;
  /** What packing said of the client's size. */
  said: string;
  write(name: string, text: string): string;
  /** @returns what it printed; rejects with that when it fails or takes more than half a minute */
  run(args: string[], env?: Record<string, string>): Promise<string>;
  /** @returns what TypeScript has to say against it */
  tsc(args: string[]): Promise<string>;
  remove(): void;
}

export async function packedClient(): Promise<Outsider> {
  const folder = mkdtempSync(join(tmpdir(), 'kindline-outsider-'));
  const installed = join(folder, 'node_modules', '@kindline', 'client');
  const execute = (command: string, args: string[], env: Record<string, string> = {}) => {
    const own = { PATH: process.env['PATH'], HOME: folder, ...env };
    return promisify(execFile)(command, args, { cwd: folder, env: own, timeout: 30_000 });
  };
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  write('package.json', '{ "private": true }');
  const pack = [join(ROOT, 'tools', 'pack-client.mjs'), join(folder, 'packed')];
  const { stdout: tarball, stderr: said } = await execute(process.execPath, pack);
  mkdirSync(installed, { recursive: true });
  await execute('tar', ['-xzf', tarball.trim(), '-C', installed, '--strip-components=1']);
  symlinkSync(
    join(MODULES, 'socket.io-client'),
    join(dirname(dirname(installed)), 'socket.io-client'),
    'junction',
  );
  return {
    folder,
    said,
    write,
    run: async (args, env) => (await execute(process.execPath, args, env)).stdout,
    tsc: (args) =>
      execute(process.execPath, [join(MODULES, 'typescript', 'bin', 'tsc'), ...args]).then(
        ({ stdout }) => stdout,
        (error: Error & { stdout?: string }) => error.stdout || error.message,
      ),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
