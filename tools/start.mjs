// `npm start`: infrastructure, migrations, every service as its own process, demo accounts; Ctrl-C ends it all.
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { demoAccounts, demoPeople } from './demo.mjs';
import { ensurePostgres, ensureRedis } from './infra.mjs';
import { checkPorts, portOf } from './ports.mjs';
import { serviceRunner } from './services.mjs';
import { checkSettings, claim, secrets } from './settings.mjs';

const require = createRequire(import.meta.url);
const root = resolve(import.meta.dirname, '..');
const { env } = process;
const dataDir = resolve(root, env.DATA_DIR || '.data');
const host = env.HOST || '127.0.0.1';
const production = env.NODE_ENV === 'production';
const began = Date.now();
const say = (line) => process.stdout.write(`${line}\n`);

const SESSION_API = { name: 'session-api', variable: 'SESSION_API_PORT', port: 3000 };
const CHAT_GATEWAY = { name: 'chat-gateway', variable: 'CHAT_GATEWAY_PORT', port: 5002 };
const NOTIFICATION_WORKER = { name: 'notification-worker', variable: 'NOTIFICATION_WORKER_PORT', port: 3002 };
const SCHEDULER = { name: 'scheduler', variable: 'SCHEDULER_PORT', port: 3003 };
const SERVICES = [SESSION_API, CHAT_GATEWAY, NOTIFICATION_WORKER, SCHEDULER];
const SANDBOX = { name: 'push-sandbox', variable: 'PUSH_SANDBOX_PORT', port: 3099 };
const SANDBOX_TLS = { variable: 'PUSH_SANDBOX_TLS_PORT', port: 3098 };

const reachable =
  { '0.0.0.0': '127.0.0.1', '::': '[::1]' }[host] ?? (host.includes(':') ? `[${host}]` : host);
const urlOf = (service) => `http://${reachable}:${portOf(service)}`;

/** Where clients on this machine find anonymous sessions; in production the operator knows better. */
const CHAT_SERVICE_URL = production ? '' : `${urlOf(CHAT_GATEWAY)}/counseling`;

/** As the bootstrap decides whether to build it. */
const CONSOLE = env.CONSOLE || String(!production);

/** The page, and outside production whom one can be there without a password. */
function consoleSettings() {
  if (production || CONSOLE !== 'true') return { CONSOLE };
  const file = join(dataDir, 'demo-people.json');
  writeFileSync(file, `${JSON.stringify(demoPeople(), null, 2)}\n`);
  return {
    CONSOLE,
    CONSOLE_GATEWAY_URL: env.CONSOLE_GATEWAY_URL || urlOf(CHAT_GATEWAY),
    CONSOLE_DEMO_PEOPLE: env.CONSOLE_DEMO_PEOPLE || file,
  };
}

const services = serviceRunner({ root, say });
/** @type {Promise<{url: string, stop(): Promise<void>}>[]} */
const servers = [];
let stopping = false;

/** Ends everything in order; the sentence, if there is one, is the last thing to be seen. */
async function end(code, sentence) {
  if (stopping) return;
  stopping = true;
  await services.stop();
  for (const started of await Promise.allSettled(servers)) {
    if (started.status === 'fulfilled') await started.value.stop().catch(({ message }) => say(message));
  }
  if (sentence) process.stderr.write(`\n${sentence}\n`);
  process.exit(code);
}

/** Unless there is a real FCM or another stand-in: the push sandbox. */
function pushSettings() {
  const external = env.FIREBASE_SERVICE_ACCOUNT || env.GOOGLE_APPLICATION_CREDENTIALS || env.FCM_ENDPOINT;
  if (external || production) return undefined;
  const authority = join(dataDir, 'push-sandbox', 'ca.pem');
  const endpoint = `https://127.0.0.1:${portOf(SANDBOX_TLS)}`;
  return { FCM_ENDPOINT: endpoint, FCM_CA_FILE: authority, PUSH_SANDBOX_CA_FILE: authority };
}

async function startServices(settings, sandbox) {
  const at = (service, health) => ({ name: service.name, url: urlOf(service), health });
  if (sandbox) await services.start(at(SANDBOX, '/health/live'), settings);
  await Promise.all(SERVICES.map((service) => services.start(at(service, '/health/ready'), settings)));
}

async function showAccounts(serviceTokens) {
  const [token] = serviceTokens.split(',');
  const accounts = await demoAccounts(urlOf(SESSION_API), token.trim());
  const lines = accounts.map(
    ({ variable, token, description }) => `# ${description}\nexport ${variable}=${token}\n`,
  );
  const file = join(dataDir, 'demo.env');
  writeFileSync(file, lines.join(''), { mode: 0o600 });
  say(`\nDemo accounts, good for a day (also in ${file}):\n${lines.join('')}`);
}

function showAddresses(sandbox) {
  say(`\nKindline is ready after ${((Date.now() - began) / 1000).toFixed(1)} s.`);
  if (CONSOLE === 'true')
    say(`  console        ${urlOf(SESSION_API)}/console/   for people: choose one and talk`);
  if (CONSOLE === 'true' && !production && !/^(127\.|localhost$|::1$)/.test(host))
    say(`  careful        whoever reaches ${host} can be anybody there without a password`);
  say(`  session API    ${urlOf(SESSION_API)}   described at ${urlOf(SESSION_API)}/docs`);
  say(`  chat gateway   ${urlOf(CHAT_GATEWAY)}   Socket.IO, path /socket.io`);
  say(`  scheduler      ${urlOf(SCHEDULER)}   jobs of backends, described at ${urlOf(SCHEDULER)}/docs`);
  if (sandbox) say(`  pushes         ${urlOf(SANDBOX)}   what would have reached phones`);
  const own = env.BACKEND_SERVICE_TOKEN
    ? 'the one in your environment'
    : `in ${join(dataDir, 'secrets.json')}`;
  say(`  service token  ${own}`);
}

async function main() {
  const sandbox = pushSettings();
  await checkPorts([...SERVICES, ...(sandbox ? [SANDBOX, SANDBOX_TLS] : [])], host);
  mkdirSync(dataDir, { recursive: true });
  claim(dataDir);
  const own = {
    ...env,
    ...secrets(dataDir),
    DATA_DIR: dataDir,
    HOST: host,
    ...sandbox,
    ...consoleSettings(),
  };
  checkSettings(own);
  say('Starting Postgres and Redis …');
  servers.push(ensurePostgres({ dataDir, log: say }), ensureRedis({ dataDir, log: say }));
  const [postgres, redis] = await Promise.all(servers);
  const settings = { CHAT_SERVICE_URL, ...own, DATABASE_URL: postgres.url, REDIS_URL: redis.url };
  if (stopping) return;
  say('Bringing the database up to date …');
  const { migrate } = require('../dist/libs/database/src/migrator.js');
  await migrate(postgres.url).catch(({ message }) => {
    throw new Error(`The database could not be migrated: ${message}`);
  });
  if (stopping) return;
  say('Starting the services …');
  await startServices(settings, sandbox);
  if (stopping) return;
  showAddresses(sandbox);
  if (!production) await showAccounts(settings.BACKEND_SERVICE_TOKEN);
  say('Ctrl-C stops everything.');
}

let interrupted = 0;
function interrupt() {
  // npm, the bootstrap and the terminal may each deliver the same Ctrl-C.
  if (interrupted && Date.now() - interrupted < 1_000) return;
  if (interrupted) return services.kill();
  interrupted = Date.now();
  say('\nStopping … (Ctrl-C again: at once)');
  void end(0);
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, interrupt);
// The bootstrap was killed: nobody else could stop us now.
process.on('disconnect', interrupt);
main().catch((error) => end(1, error.message));
