import { join } from 'node:path';
import { type Infra, ROOT } from './infra';
import { freePort, type Started, startNode, untilAnswers } from './processes';

/** A server under measurement. */
export interface Server extends Started {
  url: string;
}

const dist = (...path: string[]): string => join(ROOT, 'dist', ...path);

const profiled = (folder?: string): string[] => (folder ? ['--cpu-prof', `--cpu-prof-dir=${folder}`] : []);

/** The floor, in a process of its own. With `profileDir` it leaves a CPU profile there when it ends. */
export async function startRelay(profileDir?: string): Promise<Server> {
  const port = await freePort();
  const file = dist('bench', 'floor', 'relay.js');
  const started = startNode(file, { PORT: String(port) }, profiled(profileDir && join(profileDir, 'floor')));
  const url = `http://127.0.0.1:${port}`;
  await untilAnswers(`${url}/socket.io/`, started);
  return { ...started, url };
}

/** Backends of this bench call with it. */
export const SERVICE_TOKEN = 'bench-service-token';

function settings(infra: Infra): NodeJS.ProcessEnv {
  return {
    DATABASE_URL: infra.databaseUrl,
    REDIS_URL: infra.redisUrl,
    JWT_SECRET: infra.secret,
    BACKEND_SERVICE_TOKEN: SERVICE_TOKEN,
    HOST: '127.0.0.1',
    LOG_LEVEL: 'warn',
    NODE_ENV: 'development',
    PROGRAMS_FILE: '',
    // A person of this bench does in a second what a real one does in an hour; nothing else is turned off.
    RATE_LIMIT_DISABLED: 'true',
    SOCKET_TRANSPORTS: 'websocket',
  };
}

/** The gateway as it is shipped. With `profileDir` it leaves a CPU profile there when it ends. */
export async function startGateway(infra: Infra, profileDir?: string): Promise<Server> {
  const port = await freePort();
  const env = { ...settings(infra), CHAT_GATEWAY_PORT: String(port) };
  const file = dist('apps', 'chat-gateway', 'src', 'main.js');
  const started = startNode(file, env, profiled(profileDir && join(profileDir, 'gateway')));
  const url = `http://127.0.0.1:${port}`;
  await untilAnswers(`${url}/health/ready`, started);
  return { ...started, url };
}

/** One session API process as it is shipped, its announcer included. With `profileDir` it leaves a CPU profile there. */
export async function startSessionApi(infra: Infra, profileDir?: string): Promise<Server> {
  const port = await freePort();
  const env = { ...settings(infra), SESSION_API_PORT: String(port) };
  const file = dist('apps', 'session-api', 'src', 'main.js');
  const started = startNode(file, env, profiled(profileDir && join(profileDir, 'session-api')));
  const url = `http://127.0.0.1:${port}`;
  await untilAnswers(`${url}/health/ready`, started);
  return { ...started, url };
}

/** One scheduler process as it is shipped; its jobs may call this origin. */
export async function startScheduler(infra: Infra, origin: string): Promise<Server> {
  const port = await freePort();
  const env = { ...settings(infra), SCHEDULER_PORT: String(port), JOB_CALLBACK_ORIGINS: origin };
  const started = startNode(dist('apps', 'scheduler', 'src', 'main.js'), env);
  const url = `http://127.0.0.1:${port}`;
  await untilAnswers(`${url}/health/ready`, started);
  return { ...started, url };
}
