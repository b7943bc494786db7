import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Redis } from 'ioredis';
import { endLeftover, keep, onPort } from './kept-server.mjs';
import { findRedis } from './redis-binary.mjs';

/** @param {string} url @returns {Promise<void>} rejects when it does not answer */
export async function answers(url) {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null, connectTimeout: 5_000 });
  let reason;
  redis.on('error', (error) => (reason = error));
  try {
    await redis.connect();
    await redis.ping();
  } catch (error) {
    throw reason ?? error;
  } finally {
    // After a refused connection it would only arm a timer that keeps the process for two seconds.
    if (redis.status !== 'end') redis.disconnect();
  }
}

/**
 * A Redis of our own on loopback. It writes nothing to disk: what it holds must not outlive its expiry there.
 * @param {{dataDir: string, port?: number, cluster?: boolean, temporary?: boolean, log?: (line: string) => void}} options
 *   `cluster`: as a node of a cluster, which has no slots yet; `temporary`: the files may go when this process is killed
 */
export async function startRedis({
  dataDir,
  port,
  cluster = false,
  temporary = false,
  log = () => undefined,
}) {
  const folder = join(resolve(dataDir), 'redis');
  mkdirSync(folder, { recursive: true });
  const command = await findRedis({ dataDir, log });
  const pidFile = join(folder, 'redis.pid');
  const isOurs = ({ command: line, folder: own }) => /redis|valkey/.test(line) && (own ?? folder) === folder;
  await endLeftover(pidFile, isOurs, ['SIGTERM', 'SIGKILL']);
  return onPort(port, async (own) => {
    const url = `redis://127.0.0.1:${own}`;
    const network = ['--port', String(own), '--bind', '127.0.0.1'];
    const files = [
      '--dir',
      folder,
      '--pidfile',
      pidFile,
      '--save',
      '',
      '--appendonly',
      'no',
      // A slow command is kept with its arguments: what somebody said.
      '--slowlog-max-len',
      '0',
      '--cluster-enabled',
      cluster ? 'yes' : 'no',
    ];
    const server = await keep({
      name: 'The embedded Redis',
      command,
      args: [...network, ...files, '--daemonize', 'no'],
      logFile: join(folder, 'redis.log'),
      stopSignal: 'SIGTERM',
      ...(temporary && { temporary: resolve(dataDir) }),
      ready: () => answers(url),
    });
    return { url, port: own, ...server };
  });
}
