import { commonEnv, createLogger, portEnv, readEnv } from '@kindline/platform';
import { z } from 'zod';
import { startPushSandbox } from './push-sandbox';

const sandboxEnv = z.object({
  HOST: z.string().default('127.0.0.1').meta({ example: '127.0.0.1' }),
  LOG_LEVEL: commonEnv.shape.LOG_LEVEL,
  PUSH_SANDBOX_PORT: portEnv(3099),
  PUSH_SANDBOX_TLS_PORT: portEnv(3098),
  PUSH_SANDBOX_CA_FILE: z.string().optional().meta({ example: '.data/push-sandbox/ca.pem' }),
});

async function main(): Promise<void> {
  const env = readEnv(sandboxEnv);
  const sandbox = await startPushSandbox({
    httpPort: env.PUSH_SANDBOX_PORT,
    tlsPort: env.PUSH_SANDBOX_TLS_PORT,
    host: env.HOST,
    ...(env.PUSH_SANDBOX_CA_FILE && { caFile: env.PUSH_SANDBOX_CA_FILE }),
    log: createLogger('push-sandbox', env.LOG_LEVEL),
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
