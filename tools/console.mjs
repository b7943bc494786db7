// `npm run build:console`, and before `npm start`: builds the console, unless it is as its sources are.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the page is made of. */
const SOURCES = [
  'apps/console',
  'libs/client',
  'libs/contracts/src',
  'package-lock.json',
  'tsconfig.base.json',
];
const UNUSED = /(^|[\\/])(test|node_modules)[\\/]|\.(integration-)?spec\.tsx?$|\.md$/;

function filesOf(root, source) {
  const path = join(root, source);
  if (!existsSync(path)) return [];
  if (statSync(path).isFile()) return [source];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .filter((file) => !UNUSED.test(file))
    .sort();
}

function fingerprint(root) {
  const hash = createHash('sha256');
  for (const file of SOURCES.flatMap((source) => filesOf(root, source))) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update('\0');
  }
  return hash.digest('hex');
}

/**
 * @param {string} root
 * @param {string} node the project's own
 * @returns {boolean} whether there is an up-to-date console now
 */
export function buildConsole(root, node) {
  const wanted = fingerprint(root);
  // Goes with what was there before, which Vite removes: half a build is not taken for one.
  const stamp = join(root, 'dist', 'console', '.sources');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return true;
  process.stdout.write('Building the console (once per change of its sources) …\n');
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  const options = ['build', '-c', join('apps', 'console', 'vite.config.mts'), '--logLevel', 'warn'];
  const { status } = spawnSync(node, [vite, ...options], { cwd: root, stdio: 'inherit' });
  if (status === 0) writeFileSync(stamp, wanted);
  return status === 0;
}
