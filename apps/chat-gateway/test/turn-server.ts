import { freePort, programOf } from '@kindline/testing';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './kit';

export const TURN_SECRET = 'what-the-turn-servers-of-tests-know';

/** Whether a coturn can be started here. */
export const hasTurnServer = programOf('turnserver') !== undefined;

export interface TurnServer {
  port: number;
  stop(): Promise<void>;
}

/** A coturn on loopback that knows `TURN_SECRET` and nobody by name. */
export async function startTurnServer(): Promise<TurnServer> {
  const folder = mkdtempSync(join(tmpdir(), 'kindline-turn-'));
  const port = await freePort();
  const turn = spawn(
    'turnserver',
    [
      ...['-n', '--use-auth-secret', `--static-auth-secret=${TURN_SECRET}`, '--realm=kindline.test'],
      ...['--listening-ip=127.0.0.1', '--relay-ip=127.0.0.1', `--listening-port=${port}`],
      ...['--no-tls', '--no-dtls', '--no-cli', '--allow-loopback-peers', '--log-file=stdout'],
      ...[`--pidfile=${join(folder, 'pid')}`, `--userdb=${join(folder, 'turndb')}`],
    ],
    { cwd: folder, stdio: 'ignore' },
  );
  const stop = async (): Promise<void> => {
    const gone = new Promise((resolve) => turn.once('exit', resolve));
    if (turn.exitCode === null && turn.kill('SIGKILL')) await gone;
    rmSync(folder, { recursive: true, force: true });
  };
  await eventually('the TURN server listens', () => accepts(port)).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return { port, stop };
}

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
