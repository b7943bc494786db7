// Keeps one server: starts it, and stops it when asked to or when whoever forked this process is gone, so that
// kill -9 of a launcher or a test run leaves no server behind.
import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';

const { command, args, logFile, stopSignal, cwd } = JSON.parse(process.argv[2] ?? '{}');
const log = openSync(logFile, 'a');
const server = spawn(command, args, { cwd, stdio: ['ignore', log, log] });
let stopping = false;

const stop = (signal = stopSignal) => {
  if (!stopping) server.kill(signal);
  stopping = true;
};
process.on('disconnect', () => stop());
process.on('message', (message) => stop(message.signal ?? stopSignal));
process.on('SIGTERM', () => stop());
process.on('SIGINT', () => stop());
server.on('error', () => process.exit(1));
server.on('exit', (code) => process.exit(stopping ? 0 : (code ?? 1)));
// Whoever forked this process may be gone by now; the server must not outlive it for that.
process.send?.({ pid: server.pid }, (error) => error && stop());
