// `npm test`: lint, format, types, then every spec against one embedded Postgres. Arguments go to Jest alone.
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ensurePostgres } from './infra.mjs';

const root = resolve(import.meta.dirname, '..');
const bin = (name) => join(root, 'node_modules', '.bin', name);
const jestArguments = process.argv.slice(2);
const env = {
  ...process.env,
  NODE_ENV: 'test',
  NX_DAEMON: 'false',
  FORCE_COLOR: process.stdout.isTTY ? '1' : '0',
};
let current;
let postgres;

function run(title, command, args, extra = {}) {
  process.stdout.write(`\n── ${title}\n`);
  const began = Date.now();
  return new Promise((done) => {
    current = spawn(command, args, { cwd: root, stdio: 'inherit', env: { ...env, ...extra } });
    current.once('exit', (code) => {
      process.stdout.write(
        `── ${title}: ${code === 0 ? 'ok' : 'FAILED'} (${Math.round((Date.now() - began) / 1000)} s)\n`,
      );
      done(code === 0);
    });
  });
}

async function end(code) {
  current?.kill('SIGTERM');
  await postgres?.stop();
  process.exit(code);
}
process.on('SIGINT', () => void end(130));
process.on('SIGTERM', () => void end(143));

const results = [];
if (jestArguments.length === 0) {
  // The boundaries rule reads Nx's project graph; without one it would skip itself.
  results.push(await run('project graph', bin('nx'), ['show', 'projects']));
  results.push(await run('lint', bin('eslint'), ['.', '--max-warnings', '0']));
  results.push(await run('format', bin('prettier'), ['--check', '--log-level', 'warn', '.']));
  results.push(await run('types', bin('tsc'), ['-p', 'tsconfig.json']));
}
const dataDir = join(root, '.data', 'test');
try {
  // What is stored here is thrown away: speed matters, safety does not.
  postgres = await ensurePostgres({
    dataDir,
    log: (line) => process.stdout.write(`${line}\n`),
    settings: { fsync: 'off', full_page_writes: 'off' },
  });
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  await end(1);
}
rmSync(join(dataDir, 'template'), { recursive: true, force: true });
results.push(
  await run(
    'specs',
    process.execPath,
    [
      '--experimental-vm-modules',
      '--no-warnings=ExperimentalWarning',
      join(root, 'node_modules', 'jest', 'bin', 'jest.js'),
      ...jestArguments,
    ],
    { KINDLINE_TEST_POSTGRES_URL: postgres.url },
  ),
);
current = undefined;
await end(results.every(Boolean) ? 0 : 1);
