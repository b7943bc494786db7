// Keeps one server: starts it, and stops it when asked to or when whoever forked this process is gone, so that
// kill -9 of a launcher or a test run leaves no server behind.
import { spawn } from 'node:child_process';
import { openSync, rmSync } from 'node:fs';

const { command, args, logFile, stopSignal, temporary } = JSON.parse(process.argv[2] ?? '{}');
// A fresh log per start: its end is shown as the reason when the server does not come up.
const log = openSync(logFile, 'w');
const server = spawn(command, args, { stdio: ['ignore', log, log] });
let stopping = false;
let orphaned = false;

const stop = (signal = stopSignal) => {
  stopping = true;
  server.kill(signal);
};
process.on('disconnect', () => {
  orphaned = true;
  stop();
});
process.on('message', ({ signal }) => stop(signal));
process.on('SIGTERM', () => stop());
process.on('SIGINT', () => stop());
server.on('error', () => process.exit(1));
server.on('exit', (code) => {
  if (orphaned && temporary) rmSync(temporary, { recursive: true, force: true });
  process.exit(stopping ? 0 : (code ?? 1));
});
