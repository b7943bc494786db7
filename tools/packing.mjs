// Packs a library of this repository as a tarball that stands alone.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '..');

export function run(title, command, args, { cwd = root, shell = false } = {}) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8', shell });
  if (status !== 0) {
    process.stderr.write(`${title} failed:\n${stdout}${stderr}\n`);
    process.exit(1);
  }
  return stdout.trim();
}

export const runTsc = (...args) =>
  run('tsc', process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), ...args]);

/**
 * Packs `libs/<name>` into `target`, by default `dist/<name>`, and names the tarball on stdout.
 * @param build is told where its files belong
 */
export async function pack(name, target, build) {
  const source = join(root, 'libs', name);
  const into = resolve(target ?? join(root, 'dist', name));
  const folder = join(into, 'package');
  rmSync(into, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await build(folder, source);
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const manifest = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8'));
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify({ ...manifest, version }, null, 2)}\n`);
  copyFileSync(join(source, 'README.md'), join(folder, 'README.md'));
  copyFileSync(join(root, 'LICENSE'), join(folder, 'LICENSE'));
  const options = ['pack', folder, '--pack-destination', into, '--offline', '--silent'];
  const printed = run('npm pack', 'npm', options, { shell: process.platform === 'win32' });
  process.stdout.write(`${join(into, printed.split('\n').at(-1))}\n`);
}
