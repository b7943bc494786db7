// `npm start`: infrastructure, migrations, every service as its own process, demo accounts; Ctrl-C ends it all.
import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { demoAccounts } from './demo.mjs';
import { ensurePostgres, ensureRedis } from './infra.mjs';

const require = createRequire(import.meta.url);
const root = resolve(import.meta.dirname, '..');
const env = process.env;
const dataDir = resolve(env.DATA_DIR || join(root, '.data'));
const host = env.HOST || '127.0.0.1';
const began = Date.now();
const COLOURS = [36, 33, 35, 32, 34];
const STOP_WITHIN_MS = 25_000;

const SERVICES = [
  { name: 'session-api', variable: 'SESSION_API_PORT', port: 3000 },
  { name: 'chat-gateway', variable: 'CHAT_GATEWAY_PORT', port: 5002 },
  { name: 'notification-worker', variable: 'NOTIFICATION_WORKER_PORT', port: 3002 },
  { name: 'scheduler', variable: 'SCHEDULER_PORT', port: 3003 },
];
const SANDBOX = { name: 'push-sandbox', variable: 'PUSH_SANDBOX_PORT', port: 3099 };
const SANDBOX_TLS = { variable: 'PUSH_SANDBOX_TLS_PORT', port: 3098 };

const portOf = ({ variable, port }) => Number(env[variable] || port);
const urlOf = (service) => `http://${host === '0.0.0.0' ? '127.0.0.1' : host}:${portOf(service)}`;
const say = (line) => process.stdout.write(`${line}\n`);

const running = new Map();
const servers = [];
let stopping = false;

async function stopAll(code) {
  if (stopping) return;
  stopping = true;
  await Promise.all(
    [...running.values()].map(({ child, gone }) => {
      child.kill('SIGTERM');
      return Promise.race([
        gone,
        sleep(STOP_WITHIN_MS, undefined, { ref: false }).then(() => child.kill('SIGKILL')),
      ]);
    }),
  );
  for (const server of servers.reverse()) await server.stop().catch(() => undefined);
  process.exit(code);
}

async function fail(sentence) {
  process.stderr.write(`${sentence}\n`);
  await stopAll(1);
}

function checkPort(service) {
  const port = portOf(service);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new Error(`${service.variable} must be a port (example: ${service.port}).`);
  }
  return new Promise((free, reject) => {
    const probe = createServer();
    probe.once('error', ({ code }) =>
      reject(
        new Error(
          code === 'EADDRINUSE'
            ? `Port ${port} is in use; stop what uses it or set ${service.variable} to another one.`
            : `Port ${port} cannot be opened on ${host} (${code}); set ${service.variable} or HOST.`,
        ),
      ),
    );
    probe.listen(port, host, () => probe.close(() => free()));
  });
}

/** Generated once and kept, so that tokens stay good over restarts. */
function secrets() {
  const file = join(dataDir, 'secrets.json');
  const kept = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  const all = {
    JWT_SECRET: env.JWT_SECRET || kept.JWT_SECRET || randomBytes(48).toString('base64'),
    BACKEND_SERVICE_TOKEN:
      env.BACKEND_SERVICE_TOKEN || kept.BACKEND_SERVICE_TOKEN || randomBytes(24).toString('hex'),
  };
  const generated = Object.fromEntries(Object.entries(all).filter(([name]) => !env[name]));
  writeFileSync(file, JSON.stringify({ ...kept, ...generated }, null, 2), { mode: 0o600 });
  return all;
}

/** Says what is wrong with the settings once, instead of once per service. */
function checkSettings(settings) {
  const { commonEnv, readEnv } = require('../dist/libs/platform/src/index.js');
  const { Programs } = require('../dist/libs/domain/src/programs/programs.js');
  readEnv(commonEnv, settings);
  Programs.fromFile(env.PROGRAMS_FILE || undefined);
}

function launch({ name }, settings, index) {
  const child = fork(join(root, 'dist', 'apps', name, 'src', 'main.js'), [], {
    cwd: root,
    // A terminal's Ctrl-C goes to this process alone, which stops things in order.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: { ...settings, KINDLINE_PARENT: '1' },
  });
  const prefix = process.stdout.isTTY
    ? `\x1b[${COLOURS[index % COLOURS.length]}m[${name}]\x1b[0m`
    : `[${name}]`;
  const lastErrors = [];
  createInterface({ input: child.stdout }).on('line', (line) => say(`${prefix} ${line}`));
  createInterface({ input: child.stderr }).on('line', (line) => {
    lastErrors.push(line);
    process.stderr.write(`${prefix} ${line}\n`);
  });
  const gone = new Promise((resolveGone) => child.once('exit', resolveGone));
  running.set(name, { child, gone });
  return { child, gone, lastErrors };
}

/** Starts a service and starts it again, ever more slowly, when it ends by itself after it was ready. */
async function supervise(service, settings, index) {
  const { gone, lastErrors } = launch(service, settings, index);
  const ready = await Promise.race([untilReady(service), gone.then(() => false)]);
  if (!ready) throw new Error(lastErrors.at(-1) ?? `${service.name} did not become ready.`);
  gone.then(() => restart(service, settings, index, 1_000));
}

function restart(service, settings, index, waitMs) {
  if (stopping) return;
  say(`${service.name} has ended; starting it again in ${waitMs / 1000} s.`);
  setTimeout(() => {
    if (stopping) return;
    const since = Date.now();
    launch(service, settings, index).gone.then(() =>
      restart(service, settings, index, Date.now() - since > 60_000 ? 1_000 : Math.min(waitMs * 2, 30_000)),
    );
  }, waitMs);
}

async function untilReady(service) {
  const health = service === SANDBOX ? '/health/live' : '/health/ready';
  for (let attempt = 0; attempt < 300 && !stopping; attempt++) {
    const answer = await fetch(urlOf(service) + health).catch(() => undefined);
    if (answer?.ok) return true;
    await sleep(100);
  }
  return false;
}

async function main() {
  mkdirSync(dataDir, { recursive: true });
  const ownPush = !env.FIREBASE_SERVICE_ACCOUNT && !env.GOOGLE_APPLICATION_CREDENTIALS && !env.FCM_ENDPOINT;
  const withSandbox = ownPush && env.NODE_ENV !== 'production';
  for (const service of [...SERVICES, ...(withSandbox ? [SANDBOX, SANDBOX_TLS] : [])])
    await checkPort(service);

  say('Starting Postgres and Redis …');
  const log = say;
  const [postgres, redis] = await Promise.all(
    [ensurePostgres({ dataDir, log }), ensureRedis({ dataDir, log, persistent: true })].map((started) =>
      started.then((server) => (servers.push(server), server)),
    ),
  );

  const settings = {
    ...env,
    ...secrets(),
    HOST: host,
    DATABASE_URL: postgres.url,
    REDIS_URL: redis.url,
    ...(withSandbox && {
      FCM_ENDPOINT: `https://127.0.0.1:${portOf(SANDBOX_TLS)}`,
      FCM_CA_FILE: join(dataDir, 'push-sandbox', 'ca.pem'),
      PUSH_SANDBOX_CA_FILE: join(dataDir, 'push-sandbox', 'ca.pem'),
    }),
  };
  checkSettings(settings);
  say('Bringing the database up to date …');
  const { migrate } = require('../dist/libs/database/src/migrator.js');
  await migrate(postgres.url);

  say('Starting the services …');
  if (withSandbox) await supervise(SANDBOX, settings, SERVICES.length);
  await Promise.all(SERVICES.map((service, index) => supervise(service, settings, index)));
  if (stopping) return;

  say('');
  say(`Kindline is ready after ${((Date.now() - began) / 1000).toFixed(1)} s.`);
  say(`  session API    ${urlOf(SERVICES[0])}   its description: ${urlOf(SERVICES[0])}/docs`);
  say(`  chat gateway   ${urlOf(SERVICES[1])}   Socket.IO, path /socket.io`);
  if (withSandbox) say(`  pushes         ${urlOf(SANDBOX)}   what would have reached phones`);
  if (env.NODE_ENV === 'production') return;
  const file = join(dataDir, 'demo.env');
  const accounts = await demoAccounts(urlOf(SERVICES[0]), settings.BACKEND_SERVICE_TOKEN.split(',')[0]);
  writeFileSync(file, accounts.map(({ variable, token }) => `export ${variable}=${token}\n`).join(''), {
    mode: 0o600,
  });
  say('');
  say(`Demo accounts, good for a day (also in ${file}):`);
  for (const { variable, description, token } of accounts)
    say(`# ${description}\nexport ${variable}=${token}`);
  say('');
  say('Ctrl-C stops everything.');
}

let interrupts = 0;
const interrupted = () => {
  if (++interrupts === 1) {
    say('\nStopping …');
    void stopAll(0);
  } else {
    for (const { child } of running.values()) child.kill('SIGKILL');
  }
};
process.on('SIGINT', interrupted);
process.on('SIGTERM', interrupted);
main().catch((error) => fail(error.sentences ? error.sentences.join('\n') : error.message));
