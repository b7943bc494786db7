import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const ROOT = join(__dirname, '..', '..', '..');

/** A project of somebody else's, outside of this repository, with the packed client installed. */
export interface Outsider {
  folder: string;
  write(name: string, text: string): string;
  /** @returns what it printed */
  run(args: string[], env?: Record<string, string>): string;
  remove(): void;
}

/** Packs the client and installs the tarball with npm, which needs no network as there are no dependencies. */
export function installPacked(): Outsider {
  const folder = mkdtempSync(join(tmpdir(), 'kindline-outsider-'));
  const execute = (command: string, args: string[], env: Record<string, string> = {}) =>
    execFileSync(command, args, {
      cwd: folder,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], HOME: folder, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  write('package.json', '{ "private": true }');
  const pack = [join(ROOT, 'tools', 'pack-backend-client.mjs'), join(folder, 'packed')];
  const tarball = execute(process.execPath, pack).trim();
  execute('npm', ['install', '--offline', '--no-audit', '--no-fund', tarball]);
  return {
    folder,
    write,
    run: (args, env) => execute(process.execPath, args, env),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
