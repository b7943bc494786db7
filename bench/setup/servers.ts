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

/** The stand-in for FCM. */
export interface Sandbox extends Started {
  endpoint: string;
  caFile: string;
  /** Those of all pushes that it has taken, as often as they came. */
  tokens(): Promise<string[]>;
  clear(): Promise<void>;
}

/** The push sandbox in a process of its own. */
export async function startPushSandbox({ dataDir }: Infra): Promise<Sandbox> {
  const [httpPort, tlsPort] = [await freePort(), await freePort()];
  const caFile = join(dataDir, 'push-sandbox', 'ca.pem');
  const started = startNode(dist('apps', 'push-sandbox', 'src', 'main.js'), {
    PUSH_SANDBOX_PORT: String(httpPort),
    PUSH_SANDBOX_TLS_PORT: String(tlsPort),
    PUSH_SANDBOX_CA_FILE: caFile,
    HOST: '127.0.0.1',
    NODE_ENV: 'development',
  });
  const url = `http://127.0.0.1:${httpPort}`;
  await untilAnswers(`${url}/health/ready`, started);
  return {
    ...started,
    endpoint: `https://127.0.0.1:${tlsPort}`,
    caFile,
    tokens: async () => {
      const response = await fetch(`${url}/messages`);
      return ((await response.json()) as { token: string }[]).map(({ token }) => token);
    },
    clear: async () => {
      await fetch(`${url}/messages`, { method: 'DELETE' });
    },
  };
}

/** The floor of pushes, in a process of its own, which waits for orders. */
export function startPushClient(profileDir?: string): Started {
  const file = dist('bench', 'floor', 'push-client.js');
  return startNode(file, {}, profiled(profileDir && join(profileDir, 'push-floor')));
}

/** One notification worker as it is shipped, which pushes to the sandbox. */
export async function startNotificationWorker(
  infra: Infra,
  { endpoint, caFile }: Sandbox,
  more: NodeJS.ProcessEnv,
  profileDir?: string,
): Promise<Server> {
  const port = await freePort();
  const started = startNode(
    dist('apps', 'notification-worker', 'src', 'main.js'),
    {
      ...settings(infra),
      NOTIFICATION_WORKER_PORT: String(port),
      FCM_ENDPOINT: endpoint,
      FCM_CA_FILE: caFile,
      ...more,
    },
    profiled(profileDir && join(profileDir, 'notification-worker')),
  );
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
