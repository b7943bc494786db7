import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { endLeftover, freePort, keep } from './kept-server.mjs';

/** Fetched only where neither a server nor a package manager is at hand: it compiles Redis from its source. */
const FALLBACK = 'redis-memory-server@0.17.1';

const onPath = (name) => spawnSync(name, ['--version']).status === 0;
const found = () => ['redis-server', 'valkey-server'].find(onPath);

function installWithApt(log) {
  if (process.getuid?.() !== 0 || spawnSync('apt-get', ['--version']).status !== 0) return;
  log('Installing redis-server with apt-get …');
  // The package would start a server of its own on the usual port; this file is Debian's way to say no.
  const policy = '/usr/sbin/policy-rc.d';
  const ours = !existsSync(policy);
  if (ours) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    spawnSync('apt-get', ['update', '-qq'], { env, stdio: 'ignore' });
    spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'redis-server'], {
      env,
      stdio: 'ignore',
    });
  } finally {
    if (ours) rmSync(policy, { force: true });
  }
}

async function downloaded(dataDir, log) {
  const folder = join(resolve(dataDir), 'redis-memory-server');
  log('Fetching and compiling Redis (once) …');
  spawnSync(
    'npm',
    ['install', '--no-save', '--prefix', folder, '--no-audit', '--no-fund', '--loglevel=error', FALLBACK],
    {
      stdio: 'ignore',
      env: { ...process.env, REDISMS_DISABLE_POSTINSTALL: '1' },
      shell: process.platform === 'win32',
    },
  );
  try {
    const entry = pathToFileURL(
      join(folder, 'node_modules', 'redis-memory-server', 'lib', 'util', 'RedisBinary.js'),
    );
    const { default: RedisBinary } = await import(entry.href);
    return await (RedisBinary.default ?? RedisBinary).getPath({ downloadDir: folder });
  } catch {
    return undefined;
  }
}

/** @param {string} url @returns {Promise<void>} rejects when it does not answer PING */
export function answers(url) {
  const { hostname, port } = new URL(url);
  return new Promise((resolvePing, reject) => {
    const socket = createConnection({ host: hostname, port: Number(port || 6379), timeout: 5_000 });
    const fail = (error) => (socket.destroy(), reject(error ?? new Error('no answer')));
    socket.once('error', fail);
    socket.once('timeout', () => fail());
    socket.once('connect', () => socket.write('PING\r\n'));
    // -NOAUTH is an answer too: somebody is there, and the services bring the password.
    socket.once(
      'data',
      (data) => (
        socket.destroy(),
        /^(\+PONG|-NOAUTH)/.test(String(data)) ? resolvePing() : reject(new Error(String(data).trim()))
      ),
    );
  });
}

/**
 * A Redis of our own on loopback.
 * @param {{dataDir: string, port?: number, persistent?: boolean, log?: (line: string) => void}} options
 */
export async function startRedis({ dataDir, port, persistent = false, log = () => undefined }) {
  if (!found()) installWithApt(log);
  const command = found() ?? (await downloaded(dataDir, log));
  if (!command) throw new Error('Redis is missing: install redis-server or valkey-server, or set REDIS_URL.');
  const folder = join(resolve(dataDir), 'redis');
  mkdirSync(folder, { recursive: true });
  const pidFile = join(folder, 'redis.pid');
  await endLeftover(pidFile, 'SIGTERM');
  const own = port ?? (await freePort());
  const url = `redis://127.0.0.1:${own}`;
  const persistence = persistent ? ['--appendonly', 'yes'] : ['--save', '', '--appendonly', 'no'];
  const server = await keep({
    name: 'The embedded Redis',
    command,
    args: [
      '--port',
      String(own),
      '--bind',
      '127.0.0.1',
      '--dir',
      folder,
      '--pidfile',
      pidFile,
      '--daemonize',
      'no',
      ...persistence,
    ],
    logFile: join(folder, 'redis.log'),
    stopSignal: 'SIGTERM',
    ready: () => answers(url),
  });
  return { url, port: own, ...server };
}
