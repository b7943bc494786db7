// Runs before anything is installed, on whatever Node >= 20 the machine has: installs the dependencies when the
// lock file has changed, compiles, and hands over to the project's own Node 24.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = (name) => join(root, 'node_modules', '.bin', process.platform === 'win32' ? `${name}.cmd` : name);
const node = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');

const SCRIPTS = {
  start: { build: ['libs', 'apps'], run: ['tools/start.mjs'] },
  test: { build: [], run: ['tools/test.mjs'] },
  bench: { build: ['libs', 'apps', 'bench'], run: ['dist/bench/main.js'] },
  migrate: { build: ['libs'], run: ['dist/libs/database/src/migrate.js'] },
};

function fail(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}

function install() {
  const lock = join(root, 'package-lock.json');
  const hash = createHash('sha256').update(readFileSync(lock)).digest('hex');
  const stamp = join(root, 'node_modules', '.kindline-lock');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash && existsSync(node)) return;
  process.stdout.write('Installing dependencies (once per change of the lock file) …\n');
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (status !== 0) fail('npm could not install the dependencies; its message stands above.');
  if (!existsSync(node)) {
    fail(
      "The project's own Node 24 did not arrive: allow the install script of the package `node` and try again.",
    );
  }
  writeFileSync(stamp, hash);
}

function compile(folders) {
  if (folders.length === 0) return;
  const { status } = spawnSync(
    bin('swc'),
    [
      ...folders,
      '-d',
      'dist',
      '-C',
      `jsc.baseUrl=${root}`,
      '--ignore',
      '**/*.spec.ts,**/*.integration-spec.ts',
      '-q',
    ],
    { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' },
  );
  if (status !== 0) fail('The TypeScript could not be compiled; the message stands above.');
}

const [name, ...rest] = process.argv.slice(2);
const script = SCRIPTS[name];
if (!script) fail(`usage: node tools/bootstrap.mjs ${Object.keys(SCRIPTS).join('|')} [arguments]`);
install();
compile(script.build);
const child = spawn(node, [...script.run, ...rest], {
  cwd: root,
  stdio: 'inherit',
  env: {
    ...process.env,
    PATH: `${join(root, 'node_modules', '.bin')}${process.platform === 'win32' ? ';' : ':'}${process.env.PATH}`,
  },
});
// The terminal sends Ctrl-C to the child as well; a signal sent to this process alone is passed on.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => child.kill('SIGTERM'));
child.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
