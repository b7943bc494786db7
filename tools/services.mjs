import { fork } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const COLOURS = [36, 33, 35, 32, 34];
const READY_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 30_000;
const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;

/**
 * Runs the services, each as its own process.
 * @typedef {{name: string, url: string, health: string}} Service
 * @param {{root: string, say: (line: string) => void}} options
 */
export function serviceRunner({ root, say }) {
  const running = new Map();
  const began = Date.now();
  let colours = 0;
  let stopping = false;

  function launch({ name }, settings, prefix) {
    const child = fork(join(root, 'dist', 'apps', name, 'src', 'main.js'), [], {
      cwd: root,
      // A terminal's Ctrl-C goes to the launcher alone, which stops things in order.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...settings, KINDLINE_PARENT: '1' },
    });
    const complaints = [];
    createInterface({ input: child.stdout }).on('line', (line) => say(`${prefix} ${line}`));
    createInterface({ input: child.stderr }).on('line', (line) => {
      complaints.push(line);
      complaints.splice(0, complaints.length - 5);
      process.stderr.write(`${prefix} ${line}\n`);
    });
    // `close` comes after the last line of its output.
    const gone = new Promise((resolve) => {
      child.once('close', (code, signal) => resolve(signal ?? `code ${code}`));
      child.once('error', ({ message }) => resolve(message));
    });
    running.set(name, { child, gone });
    return { gone, complaints };
  }

  async function untilReady({ name, url, health }) {
    const deadline = Date.now() + READY_WITHIN_MS;
    while (Date.now() < deadline && !stopping) {
      const answer = await fetch(url + health, { signal: AbortSignal.timeout(5_000) }).catch(() => undefined);
      if (answer?.ok) return undefined;
      await sleep(100);
    }
    return `${name} did not become ready within ${READY_WITHIN_MS / 1000} s; its lines above say why.`;
  }

  function startAgain(service, settings, prefix, reason, waitMs) {
    if (stopping) return;
    say(`${service.name} has ended (${reason}); starting it again in ${seconds(waitMs)}.`);
    setTimeout(async () => {
      if (stopping) return;
      const since = Date.now();
      const ended = await launch(service, settings, prefix).gone;
      const lasted = Date.now() - since > READY_WITHIN_MS;
      startAgain(service, settings, prefix, ended, lasted ? 1_000 : Math.min(waitMs * 2, 30_000));
    }, waitMs);
  }

  return {
    /**
     * Resolves when it is ready. From then on it is started again, ever more slowly, when it ends by itself.
     * @param {Service} service
     * @param {NodeJS.ProcessEnv} settings
     */
    async start(service, settings) {
      const colour = COLOURS[colours++ % COLOURS.length];
      const prefix = process.stdout.isTTY ? `\x1b[${colour}m[${service.name}]\x1b[0m` : `[${service.name}]`;
      const { gone, complaints } = launch(service, settings, prefix);
      const ended = gone.then((reason) => complaints.join('\n') || `${service.name} ended with ${reason}.`);
      const failure = await Promise.race([untilReady(service), ended]);
      if (failure) throw new Error(failure);
      say(`  ${service.name} is ready (${seconds(Date.now() - began)})`);
      void gone.then((reason) => startAgain(service, settings, prefix, reason, 1_000));
    },

    /** Lets them finish what they do. */
    async stop() {
      stopping = true;
      const ends = [...running.values()].map(async ({ child, gone }) => {
        child.kill('SIGTERM');
        const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
        await gone;
        clearTimeout(timer);
      });
      await Promise.all(ends);
    },

    /** Does not. */
    kill() {
      for (const { child } of running.values()) child.kill('SIGKILL');
    },
  };
}
