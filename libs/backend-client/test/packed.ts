import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

export const ROOT = join(__dirname, '..', '..', '..');

/** A project of somebody else's, outside of this repository, with the packed client installed. */
export interface Outsider {
  folder: string;
  write(name: string, text: string): string;
  /** @returns what it printed */
  run(args: string[], env?: Record<string, string>): Promise<string>;
  remove(): void;
}

/** Packs the client and installs the tarball with npm, which needs no network as there are no dependencies. */
export async function installPacked(): Promise<Outsider> {
  const folder = mkdtempSync(join(tmpdir(), 'kindline-outsider-'));
  const execute = async (command: string, args: string[], env: Record<string, string> = {}) => {
    const own = { PATH: process.env['PATH'], HOME: folder, ...env };
    return (await promisify(execFile)(command, args, { cwd: folder, env: own })).stdout;
  };
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  write('package.json', '{ "private": true }');
  const pack = [join(ROOT, 'tools', 'pack-backend-client.mjs'), join(folder, 'packed')];
  const tarball = (await execute(process.execPath, pack)).trim();
  await execute('npm', ['install', '--offline', '--no-audit', '--no-fund', tarball]);
  return {
    folder,
    write,
    run: (args, env) => execute(process.execPath, args, env),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
