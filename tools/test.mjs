// `npm test`: lint, format, types, then every spec against one embedded Postgres. Arguments go to Jest alone.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ensurePostgres } from './infra.mjs';
import { findRedis } from './redis-binary.mjs';

const root = resolve(import.meta.dirname, '..');
const modules = join(root, 'node_modules');
const env = { ...process.env, NODE_ENV: 'test', NX_DAEMON: 'false' };
const [first, ...others] = process.argv.slice(2);
// `--specs` stands for all of them, without lint and types.
const jestArguments = first === '--specs' ? others : process.argv.slice(2);
const say = (line) => process.stdout.write(`${line}\n`);

const steps = [];
const running = new Set();
let postgres;
let folder;
let ending = false;

/** `aside`: others run beside it, so that what it says is shown when it is over. */
function run(title, script, args, { aside = false, extra = {} } = {}) {
  if (ending) return Promise.resolve();
  if (!aside) say(`\n── ${title}`);
  const began = Date.now();
  return new Promise((done) => {
    const node = ['--experimental-vm-modules', '--no-warnings=ExperimentalWarning', join(modules, script)];
    const step = spawn(process.execPath, [...node, ...args], {
      cwd: root,
      stdio: aside ? ['ignore', 'pipe', 'pipe'] : 'inherit',
      env: { ...env, ...extra },
    });
    running.add(step);
    const said = [];
    for (const output of [step.stdout, step.stderr]) output?.on('data', (data) => said.push(data));
    step.once('close', (code) => {
      running.delete(step);
      const outcome = `${code === 0 ? 'ok' : 'FAILED'} (${Math.round((Date.now() - began) / 1000)} s)`;
      if (aside) process.stdout.write(`\n${Buffer.concat(said)}`);
      say(`── ${title}: ${outcome}`);
      steps.push({ title, outcome, passed: code === 0 });
      done();
    });
  });
}

/** Jest's own numbers; a file that could not even run counts as a failure. */
function showCounts(file) {
  if (!existsSync(file)) return;
  const counts = JSON.parse(readFileSync(file, 'utf8'));
  say(`${counts.numPassedTests} passed, ${counts.numFailedTests + counts.numRuntimeErrorTestSuites} failed`);
}

async function specs() {
  mkdirSync(join(root, '.data'), { recursive: true });
  // Of its own, so that two runs side by side do not take each other's servers for leftovers.
  folder = mkdtempSync(join(root, '.data', 'test-'));
  // What is stored here is thrown away: speed matters, safety does not.
  const settings = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off' };
  postgres = ensurePostgres({ dataDir: folder, log: say, settings, temporary: true });
  const { url } = await postgres;
  // Found once, because every spec file that needs a Redis starts its own.
  const redis = await findRedis({ dataDir: join(root, '.data'), log: say });
  const own = { KINDLINE_TEST_POSTGRES_URL: url, KINDLINE_TEST_DIR: folder, KINDLINE_REDIS_SERVER: redis };
  const result = join(folder, 'jest.json');
  const outputs = ['--json', `--outputFile=${result}`];
  await run('specs', 'jest/bin/jest.js', [...jestArguments, ...outputs], { extra: own });
  if (ending) return;
  say(`\n${steps.map(({ title, outcome }) => `${title}: ${outcome}`).join('\n')}`);
  showCounts(result);
}

async function end(code, sentence) {
  if (ending) return;
  ending = true;
  await Promise.all(
    [...running].map((step) => {
      const gone = once(step, 'close');
      step.kill('SIGTERM');
      return gone;
    }),
  );
  await postgres?.then((server) => server.stop()).catch(() => undefined);
  if (folder) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  if (sentence) process.stderr.write(`${sentence}\n`);
  process.exit(code);
}
process.on('SIGINT', () => void end(130));
process.on('SIGTERM', () => void end(143));
process.on('SIGHUP', () => void end(129));
process.on('disconnect', () => void end(1));

async function formatAndTypes() {
  const aside = { aside: true };
  await run('format', 'prettier/bin/prettier.cjs', ['--check', '--log-level', 'warn', '.'], aside);
  // What runs in browsers knows the DOM, what runs on servers must not.
  for (const project of ['.', 'libs/client', 'apps/console'])
    await run(`types of ${project}`, 'typescript/bin/tsc', ['-p', project], aside);
}

async function main() {
  if (process.argv.length === 2) {
    // The boundaries rule reads Nx's project graph; without one it would skip itself.
    await run('project graph', 'nx/dist/bin/nx.js', ['show', 'projects']);
    // Side by side: lint alone takes as long as the others together.
    await Promise.all([
      run('lint', 'eslint/bin/eslint.js', ['.', '--max-warnings', '0'], { aside: true }),
      formatAndTypes(),
    ]);
  }
  if (!ending) await specs();
  await end(steps.every(({ passed }) => passed) ? 0 : 1);
}
main().catch((error) => end(1, error.message));
