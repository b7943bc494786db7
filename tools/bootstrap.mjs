// Runs before anything is installed, on whatever Node >= 20 the machine has: installs the dependencies when the
// lock file has changed, compiles, and hands over to the project's own Node 24.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildConsole } from './console.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, 'node_modules');
const windows = process.platform === 'win32';
const node = join(modules, 'node', 'bin', windows ? 'node.exe' : 'node');

/** Whether `npm start` serves the console; without it nothing is built. */
const consoleWanted = (process.env.CONSOLE || String(process.env.NODE_ENV !== 'production')) === 'true';

const SCRIPTS = {
  start: { build: ['libs', 'apps'], console: consoleWanted, run: ['tools/start.mjs'] },
  // The specs of the console run against what `npm start` runs.
  test: { build: ['libs', 'apps'], console: true, run: ['tools/test.mjs'] },
  bench: { build: ['libs', 'apps', 'bench'], run: ['dist/bench/main.js'] },
  migrate: { build: ['libs'], run: ['dist/libs/database/src/migrate.js'] },
  build: { build: ['libs', 'apps', 'bench'] },
  'build:console': { build: [], console: true },
  install: { build: [] },
  screenshots: {
    build: ['libs', 'apps'],
    console: true,
    run: ['tools/test.mjs', '--testMatch', '**/console/test/screenshots.ts'],
  },
  'measure:console': {
    build: ['libs', 'apps'],
    console: true,
    run: ['tools/test.mjs', '--testMatch', '**/console/test/first-load.measure.ts'],
  },
  sbom: { build: [], run: ['tools/sbom.mjs'] },
  'pack:backend-client': { build: [], run: ['tools/pack-backend-client.mjs'] },
  'pack:client': { build: [], run: ['tools/pack-client.mjs'] },
  'docs:client': { build: [], run: ['tools/client-docs.mjs'] },
};

function fail(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}

const packagesOf = (file) => JSON.parse(readFileSync(file, 'utf8')).packages;

/** Whether somebody ran `npm install` by hand: what npm noted down in node_modules is what the lock file asks for. */
function installedByHand(lock) {
  const noted = join(modules, '.package-lock.json');
  if (!existsSync(noted)) return false;
  const wanted = packagesOf(lock);
  const present = packagesOf(noted);
  return (
    Object.entries(present).every(([path, { version }]) => wanted[path]?.version === version) &&
    Object.entries(wanted).every(
      ([path, { optional, devOptional }]) => !path || optional || devOptional || present[path],
    )
  );
}

function install() {
  const lock = join(root, 'package-lock.json');
  if (!existsSync(lock))
    fail('package-lock.json is missing: check it out again (git checkout package-lock.json).');
  const hash = createHash('sha256').update(readFileSync(lock)).digest('hex');
  const stamp = join(modules, '.kindline-lock');
  const done = existsSync(stamp) ? readFileSync(stamp, 'utf8') === hash : installedByHand(lock);
  if (!done || !existsSync(node)) {
    process.stdout.write(
      'Installing dependencies (once per change of the lock file; takes a minute or two) …\n',
    );
    // --include=dev: with NODE_ENV=production npm would leave out the compiler and Node 24.
    const { status } = spawnSync(
      'npm',
      ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'],
      {
        cwd: root,
        stdio: 'inherit',
        shell: windows,
      },
    );
    if (status !== 0) fail('npm could not install the dependencies; its message stands above.');
  }
  if (spawnSync(node, ['--version']).status !== 0) {
    fail(
      "The project's own Node 24 did not arrive, because npm was told not to run install scripts: " +
        'run `npm rebuild node --ignore-scripts=false` and try again.',
    );
  }
  writeFileSync(stamp, hash);
}

function compile(folders) {
  const present = folders.filter((folder) => existsSync(join(root, folder)));
  if (present.length === 0) return;
  const swc = join(modules, '@swc', 'cli', 'bin', 'swc.js');
  const ignored = '**/*.spec.ts,**/*.integration-spec.ts,apps/console/**';
  const options = ['-d', 'dist', '-C', `jsc.baseUrl=${root}`, '--ignore', ignored, '-q'];
  const { status } = spawnSync(node, [swc, ...present, ...options], { cwd: root, stdio: 'inherit' });
  if (status !== 0) fail('The TypeScript could not be compiled; the message stands above.');
}

/** Our parent, and its parent where ours is the shell that npm runs scripts with (seen on Linux only). */
function ancestors() {
  const of = `/proc/${process.ppid}`;
  try {
    const shell = readFileSync(`${of}/cmdline`, 'utf8').split('\0')[1] === '-c';
    return `${process.ppid} ${shell ? /^PPid:.*$/m.exec(readFileSync(`${of}/status`, 'utf8')) : ''}`;
  } catch {
    return String(process.ppid);
  }
}

function handOver(script) {
  const child = spawn(node, script, {
    cwd: root,
    // The channel tells the script when this process is killed and can pass on nothing any more.
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, PATH: `${join(modules, '.bin')}${delimiter}${process.env.PATH}` },
  });
  // A terminal's Ctrl-C reaches the child directly as well; the child takes two in a row for one.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  if (process.env.npm_lifecycle_event) {
    // npm forwards signals, but nobody tells us that it was killed: then we, or the shell between us, are orphans.
    const before = ancestors();
    setInterval(() => ancestors() !== before && child.kill('SIGTERM'), 500).unref();
  }
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}

const [name, ...rest] = process.argv.slice(2);
const script = SCRIPTS[name];
if (!script) fail(`usage: node tools/bootstrap.mjs ${Object.keys(SCRIPTS).join('|')} [arguments]`);
install();
compile(script.build);
if (script.console && !buildConsole(root, node))
  fail('The console could not be built; the message stands above.');
if (script.run) handOver([...script.run, ...rest]);
