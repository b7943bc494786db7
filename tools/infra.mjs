import * as postgres from './postgres.mjs';
import * as redis from './redis.mjs';

/** A sentence for the user, without a stack. */
export class InfraError extends Error {}

async function docker(image, port, environment) {
  const { GenericContainer, Wait } = await import('testcontainers');
  const container = await new GenericContainer(image)
    .withExposedPorts(port)
    .withEnvironment(environment)
    .withWaitStrategy(Wait.forListeningPorts())
    .start()
    .catch((error) => {
      throw new InfraError(`INFRA=docker: the container ${image} could not be started: ${error.message}`);
    });
  const address = `${container.getHost()}:${container.getMappedPort(port)}`;
  return { address, stop: () => container.stop() };
}

const hidden = (url) => {
  const { hostname, port } = new URL(url);
  return `${hostname}${port ? `:${port}` : ''}`;
};

async function external(variable, url, answers) {
  if (!URL.canParse(url)) throw new InfraError(`${variable} is not a URL.`);
  await answers(url).catch((error) => {
    throw new InfraError(`${variable} cannot be reached at ${hidden(url)}: ${error.message || error.code}.`);
  });
  return { url, stop: async () => undefined };
}

/** Postgres: DATABASE_URL, else a container with INFRA=docker, else the embedded one. */
export async function ensurePostgres(options) {
  const { DATABASE_URL, INFRA } = process.env;
  if (DATABASE_URL) return external('DATABASE_URL', DATABASE_URL, postgres.answers);
  if (INFRA !== 'docker') return postgres.startPostgres(options);
  const { address, stop } = await docker('postgres:18', 5432, {
    POSTGRES_PASSWORD: 'kindline',
    POSTGRES_USER: 'kindline',
  });
  const url = `postgres://kindline:kindline@${address}/kindline`;
  // The image restarts its server once after its first initialisation.
  for (let attempt = 0; attempt < 100; attempt++) {
    if (
      await postgres.answers(url).then(
        () => true,
        () => false,
      )
    )
      break;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return { url, stop };
}

/** Redis: REDIS_URL, else a container with INFRA=docker, else one of our own. */
export async function ensureRedis(options) {
  const { REDIS_URL, INFRA } = process.env;
  if (REDIS_URL) return external('REDIS_URL', REDIS_URL, redis.answers);
  if (INFRA !== 'docker') return redis.startRedis(options);
  const { address, stop } = await docker('redis:8', 6379, {});
  return { url: `redis://${address}`, stop };
}
