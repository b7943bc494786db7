import { fork } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { commandOf } from './processes.mjs';

/** @returns {Promise<number>} a port on loopback that nobody uses */
export async function freePort() {
  const server = createServer();
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/**
 * Launches on the given port, else on a free one; somebody can take that before the server does, so it tries again.
 * @template Started
 * @param {number | undefined} port
 * @param {(port: number) => Promise<Started>} launch
 */
export async function onPort(port, launch) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await launch(port ?? (await freePort()));
    } catch (error) {
      if (port || attempt === 3 || !/address already in use/i.test(error.message)) throw error;
    }
  }
}

const logTail = (file) =>
  existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').slice(-6).join(' | ') : '';

/**
 * Starts a server under a keeper of its own. `temporary` is a folder that goes when the keeper's parent was killed.
 * @param {{name: string, command: string, args: string[], logFile: string, stopSignal: NodeJS.Signals,
 *   temporary?: string, ready: () => Promise<void>}} options
 * @returns {Promise<{stop(): Promise<void>, kill(): Promise<void>}>} `kill` is kill -9
 */
export async function keep({ name, ready, ...spec }) {
  const keeper = fork(join(import.meta.dirname, 'keeper.mjs'), [JSON.stringify(spec)], {
    // A terminal's Ctrl-C goes to the launcher alone, which stops things in order.
    detached: true,
    execArgv: [],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  let exited = false;
  const gone = new Promise((resolve) =>
    keeper.once('exit', () => {
      exited = true;
      resolve(undefined);
    }),
  );
  const end = async (signal) => {
    if (!exited && keeper.connected) keeper.send({ signal });
    keeper.channel?.ref();
    keeper.ref();
    await gone;
  };
  const deadline = Date.now() + 60_000;
  for (;;) {
    try {
      await ready();
      // From here on it is the caller's other work that decides how long this process lives.
      keeper.unref();
      keeper.channel?.unref();
      return { stop: () => end(spec.stopSignal), kill: () => end('SIGKILL') };
    } catch (error) {
      if (!exited && Date.now() < deadline) {
        await sleep(50);
        continue;
      }
      await end('SIGKILL');
      throw new Error(`${name} did not start: ${logTail(spec.logFile) || error.message}`, { cause: error });
    }
  }
}

/**
 * Ends a server that an earlier run left behind and waits until it is gone.
 * @param {string} pidFile whose first line is its process id
 * @param {(process: {command: string, folder?: string}) => boolean} isOurs since the id may be somebody else's by now
 * @param {[NodeJS.Signals, NodeJS.Signals]} signals the polite one, and the one after ten seconds
 */
export async function endLeftover(pidFile, isOurs, [polite, hard]) {
  if (!existsSync(pidFile)) return;
  const pid = Number(readFileSync(pidFile, 'utf8').split('\n')[0]);
  const alive = () => {
    const found = commandOf(pid);
    return found && isOurs(found);
  };
  for (let waited = 0; alive(); waited++) {
    if (waited === 0) process.kill(pid, polite);
    if (waited === 200) process.kill(pid, hard);
    if (waited > 300)
      throw new Error(`Process ${pid} of an earlier run does not end: stop it and try again.`);
    await sleep(50);
  }
}
