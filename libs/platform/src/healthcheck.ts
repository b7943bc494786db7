// Runs alone, without a shell and every ten seconds: it imports nothing of ours, so that it starts at once.
const PORTS: Record<string, number> = {
  'session-api': 3000,
  'chat-gateway': 5002,
  'notification-worker': 3002,
  scheduler: 3003,
};
const TIMEOUT_MS = 3_000;

/** Where the service of this container, `APP`, says whether it is ready. @throws Error when there is no such service */
export function readyUrl(env: Record<string, string | undefined>): string {
  const { APP = '', HOST } = env;
  const port = env[`${APP.toUpperCase().replaceAll('-', '_')}_PORT`] || PORTS[APP];
  if (port === undefined) throw new Error(`APP must be one of: ${Object.keys(PORTS).join(', ')}`);
  const host = !HOST || HOST === '0.0.0.0' || HOST === '::' ? '127.0.0.1' : HOST;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}/health/ready`;
}

/** @throws Error when the service is not ready, or has not said so in three seconds */
export async function checkReady(env: Record<string, string | undefined>): Promise<void> {
  const { status } = await fetch(readyUrl(env), { signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (status !== 200) throw new Error(`answered ${status}`);
}

if (require.main === module) {
  checkReady(process.env).catch(({ message }: Error) => {
    process.stderr.write(`Not ready: ${message}\n`);
    process.exitCode = 1;
  });
}
