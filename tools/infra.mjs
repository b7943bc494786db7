import { randomBytes } from 'node:crypto';
import * as postgres from './postgres.mjs';
import * as redis from './redis.mjs';

export { freePort } from './kept-server.mjs';
export { startPostgres } from './postgres.mjs';
export { startRedis } from './redis.mjs';

// The same as in docker/compose.yaml.
const POSTGRES_IMAGE = 'postgres:18.6-trixie';
const REDIS_IMAGE = 'redis:8.4.2';

/** @param {string} image @param {number} port @param {string[]} command @param {Record<string, string>} environment */
async function container(image, port, command, environment = {}) {
  const { GenericContainer, Wait } = await import('testcontainers');
  const started = await new GenericContainer(image)
    .withExposedPorts(port)
    .withEnvironment(environment)
    .withCommand(command)
    .withWaitStrategy(Wait.forListeningPorts())
    .start()
    .catch((error) => {
      throw new Error(`INFRA=docker: the container ${image} could not be started: ${error.message}`);
    });
  const address = `${started.getHost()}:${started.getMappedPort(port)}`;
  return { address, stop: () => started.stop() };
}

/** Docker opens a container's ports on every address of this machine. */
const password = () => randomBytes(24).toString('hex');

async function external(variable, url, example, answers) {
  if (!URL.canParse(url)) throw new Error(`${variable} is not a URL (example: ${example}).`);
  // Only the address: the URL holds a password.
  const { host } = new URL(url);
  await answers(url).catch((error) => {
    throw new Error(`${variable} cannot be used: ${host} says ${error.message || error.code}.`);
  });
  return { url, stop: async () => undefined };
}

/** The image's server starts once more after its first initialisation. */
async function untilAnswering(answers, url) {
  for (let attempt = 0; attempt < 100; attempt++) {
    if (
      await answers(url).then(
        () => true,
        () => false,
      )
    )
      return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Postgres: DATABASE_URL, else a container with INFRA=docker, else the embedded one. */
export async function ensurePostgres(options) {
  const { DATABASE_URL, INFRA } = process.env;
  if (DATABASE_URL) {
    const example = 'postgres://kindline:password@127.0.0.1:5432/kindline';
    return external('DATABASE_URL', DATABASE_URL, example, postgres.answers);
  }
  if (INFRA !== 'docker') return postgres.startPostgres(options);
  const secret = password();
  const account = { POSTGRES_USER: 'kindline', POSTGRES_PASSWORD: secret };
  const settings = Object.entries({ max_connections: '300', ...options.settings });
  const command = ['postgres', ...settings.flatMap(([name, value]) => ['-c', `${name}=${value}`])];
  const { address, stop } = await container(POSTGRES_IMAGE, 5432, command, account);
  const url = `postgres://kindline:${secret}@${address}/kindline`;
  await untilAnswering(postgres.answers, url);
  return { url, stop };
}

/** Redis: REDIS_URL, else a container with INFRA=docker, else one of our own. */
export async function ensureRedis(options) {
  const { REDIS_URL, INFRA } = process.env;
  if (REDIS_URL) return external('REDIS_URL', REDIS_URL, 'redis://127.0.0.1:6379', redis.answers);
  if (INFRA !== 'docker') return redis.startRedis(options);
  const secret = password();
  // It keeps nothing on disk, as the embedded one.
  const silent = ['--save', '', '--appendonly', 'no', '--slowlog-max-len', '0'];
  const command = ['redis-server', '--requirepass', secret, ...silent];
  const { address, stop } = await container(REDIS_IMAGE, 6379, command);
  return { url: `redis://:${secret}@${address}`, stop };
}
