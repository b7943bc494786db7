import { fork } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** @returns {Promise<number>} a port on loopback that nobody uses */
export async function freePort() {
  const server = createServer();
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/**
 * Starts a server under a keeper of its own.
 * @param {{command: string, args: string[], logFile: string, stopSignal: NodeJS.Signals, cwd?: string, ready: () => Promise<void>, name: string}} options
 */
export async function keep({ ready, name, ...spec }) {
  const keeper = fork(join(import.meta.dirname, 'keeper.mjs'), [JSON.stringify(spec)], {
    // A terminal's Ctrl-C goes to the launcher alone, which stops things in order.
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  let exited = false;
  const gone = new Promise((resolve) => keeper.once('exit', () => resolve((exited = true))));
  const pid = await new Promise((resolve) => {
    keeper.on('message', (message) => resolve(message.pid));
    keeper.once('exit', () => resolve(undefined));
  });
  for (let attempt = 0; ; attempt++) {
    try {
      await ready();
      break;
    } catch (error) {
      if (exited || attempt > 300) {
        const tail = existsSync(spec.logFile)
          ? readFileSync(spec.logFile, 'utf8').trim().split('\n').slice(-3).join(' | ')
          : '';
        throw new Error(`${name} did not start: ${tail || error.message}`);
      }
      await sleep(100);
    }
  }
  // From here on it is the caller's other work that decides how long this process lives.
  keeper.unref();
  keeper.channel?.unref();
  const end = async (signal) => {
    if (!exited && keeper.connected) keeper.send({ signal });
    keeper.channel?.ref();
    keeper.ref();
    await gone;
  };
  return { pid, stop: () => end(spec.stopSignal), kill: () => end('SIGKILL') };
}

/** Ends a server that an earlier run left behind, known by its pid file, and waits until it is gone. */
export async function endLeftover(pidFile, signal) {
  if (!existsSync(pidFile)) return;
  const pid = Number(readFileSync(pidFile, 'utf8').split('\n')[0]);
  if (!Number.isInteger(pid) || pid <= 1) return;
  for (let waited = 0; waited < 200; waited++) {
    try {
      process.kill(pid, waited === 0 ? signal : 0);
    } catch {
      return; // no such process: nothing is left
    }
    await sleep(50);
  }
}
