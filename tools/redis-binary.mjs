import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

/** Fetched only where neither a server nor a package manager is at hand: it compiles Redis from its source. */
const FALLBACK = 'redis-memory-server@0.17.1';

const works = (command, args) => spawnSync(command, args, { stdio: 'ignore' }).status === 0;
const onPath = () => ['redis-server', 'valkey-server'].find((name) => works(name, ['--version']));

function installWithApt(log) {
  if (process.getuid?.() !== 0 || !works('apt-get', ['--version'])) return;
  log('Installing redis-server with apt-get …');
  // The package would start a server of its own on the usual port; this file is Debian's way to say no.
  const policy = '/usr/sbin/policy-rc.d';
  const ours = !existsSync(policy);
  if (ours) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const quiet = { env, stdio: 'ignore' };
    spawnSync('apt-get', ['update', '-qq'], quiet);
    spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'redis-server'], quiet);
  } finally {
    if (ours) rmSync(policy, { force: true });
  }
}

/** @returns {Promise<string | undefined>} */
async function compiled(dataDir, log) {
  const folder = join(resolve(dataDir), 'redis-memory-server');
  mkdirSync(folder, { recursive: true });
  try {
    if (!existsSync(join(folder, 'node_modules'))) {
      log('Fetching Redis and compiling it (once; takes a few minutes) …');
      const options = ['--prefix', folder, '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
      spawnSync('npm', ['install', ...options, FALLBACK], {
        stdio: 'ignore',
        shell: process.platform === 'win32',
      });
    }
    const { default: RedisBinary } = createRequire(join(folder, 'package.json'))(
      'redis-memory-server/lib/util/RedisBinary.js',
    );
    return await RedisBinary.getPath({ downloadDir: join(folder, 'binaries') });
  } catch (error) {
    log(`That did not work: ${error.message.split('\n')[0]}`);
    return undefined;
  }
}

/**
 * The Redis (or Valkey) server to run: KINDLINE_REDIS_SERVER, else from the PATH, else installed.
 * @param {{dataDir: string, log: (line: string) => void}} options `dataDir` keeps what had to be compiled
 * @returns {Promise<string>} the command
 */
export async function findRedis({ dataDir, log }) {
  const known = process.env.KINDLINE_REDIS_SERVER ?? onPath();
  if (known) return known;
  installWithApt(log);
  const command = onPath() ?? (await compiled(dataDir, log));
  if (!command) throw new Error('Redis is missing: install redis-server or valkey-server, or set REDIS_URL.');
  return command;
}
