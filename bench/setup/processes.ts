import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const STOP_WITHIN_MS = 10_000;
/** Raises the number of open files as far as allowed: 5,000 connections need as many. */
const WITH_FILES = 'ulimit -n "$(ulimit -Hn)" 2>/dev/null; exec "$@"';

export interface Started {
  child: ChildProcess;
  pid: number;
  stop(): Promise<void>;
}

const running = new Set<Started>();

/** Starts a Node process with a channel to this one; it ends with this process. */
export function startNode(file: string, env: NodeJS.ProcessEnv = {}, nodeArgs: string[] = []): Started {
  const child = spawn('/bin/sh', ['-c', WITH_FILES, 'sh', process.execPath, ...nodeArgs, file], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...process.env, ...env, KINDLINE_PARENT: '1' },
    // A terminal's Ctrl-C goes to the launcher alone, which stops things in order.
    detached: true,
  });
  if (child.pid === undefined) throw new Error(`${file} could not be started`);
  const gone = once(child, 'exit');
  const started: Started = {
    child,
    pid: child.pid,
    stop: async () => {
      running.delete(started);
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
      await gone;
      clearTimeout(late);
    },
  };
  running.add(started);
  return started;
}

/** Stops everything that was started here. */
export async function stopAll(): Promise<void> {
  await Promise.all([...running].map((started) => started.stop()));
}

/** @returns a port on loopback that nobody uses */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** @throws when nothing answers HTTP at this URL within 30 s */
export async function untilAnswers(url: string, { child }: Started): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt++) {
    if (child.exitCode !== null) throw new Error('a server ended before it was ready; see above');
    const answer = await fetch(url).catch(() => undefined);
    if (answer && answer.status < 500) return;
    await sleep(100);
  }
  throw new Error(`nothing answers at ${url}`);
}
