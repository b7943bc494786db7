import { startPushSandbox } from './push-sandbox';
import { readSandboxEnv } from './sandbox-env';

/** A line as the services' logs have it. */
const log = {
  info(fields: object, msg: string): void {
    const line = { level: 'info', time: new Date().toISOString(), service: 'push-sandbox', ...fields, msg };
    process.stdout.write(`${JSON.stringify(line)}\n`);
  },
};

async function main(): Promise<void> {
  const env = readSandboxEnv();
  const sandbox = await startPushSandbox({
    httpPort: env.PUSH_SANDBOX_PORT,
    tlsPort: env.PUSH_SANDBOX_TLS_PORT,
    host: env.HOST,
    ...(env.PUSH_SANDBOX_CA_FILE && { caFile: env.PUSH_SANDBOX_CA_FILE }),
    log,
  });
  const stop = (): void => void sandbox.close().then(() => process.exit(0));
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  // Whoever started us is gone, however it went.
  if (process.env['KINDLINE_PARENT']) process.once('disconnect', stop);
}

main().catch((error: Error & { code?: string; port?: number }) => {
  const taken = error.code === 'EADDRINUSE';
  process.stderr.write(
    taken
      ? `Port ${error.port} is in use; set PUSH_SANDBOX_PORT or PUSH_SANDBOX_TLS_PORT to another one.\n`
      : `${error.message}\n`,
  );
  process.exit(1);
});
