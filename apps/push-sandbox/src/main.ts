import { ConfigError, portEnv, readEnv } from '@kindline/platform';
import { z } from 'zod';
import { startPushSandbox } from './push-sandbox';

const sandboxEnv = z.object({
  NODE_ENV: z.string().optional(),
  HOST: z.string().default('127.0.0.1'),
  PUSH_SANDBOX_PORT: portEnv(3099),
  PUSH_SANDBOX_TLS_PORT: portEnv(3098),
  PUSH_SANDBOX_CA_FILE: z.string().optional(),
});

async function main(): Promise<void> {
  const env = readEnv(sandboxEnv);
  if (env.NODE_ENV === 'production') throw new ConfigError(['The push sandbox never runs in production.']);
  const sandbox = await startPushSandbox({
    httpPort: env.PUSH_SANDBOX_PORT,
    tlsPort: env.PUSH_SANDBOX_TLS_PORT,
    host: env.HOST,
    ...(env.PUSH_SANDBOX_CA_FILE && { caFile: env.PUSH_SANDBOX_CA_FILE }),
  });
  const stop = (): void => void sandbox.close().then(() => process.exit(0));
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  if (process.env['KINDLINE_PARENT']) process.on('disconnect', stop);
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
