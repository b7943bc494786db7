import { createLogger, readEnv, type RunningService, startService } from '@kindline/platform';
import type { Server } from 'node:http';
import { ChatGateway } from './chat-gateway';
import { gatewayEnv } from './gateway-env';
import { GatewayModule } from './gateway.module';

/** Starts one gateway replica with the given environment. */
export async function startChatGateway(variables = process.env): Promise<RunningService> {
  const env = readEnv(gatewayEnv, variables);
  const log = createLogger('chat-gateway', env.LOG_LEVEL);
  return startService({
    name: 'chat-gateway',
    module: GatewayModule.forRoot(env, log),
    env,
    log,
    port: env.CHAT_GATEWAY_PORT,
    portVariable: 'CHAT_GATEWAY_PORT',
    started: (app) => app.get(ChatGateway).start(app.getHttpServer() as Server),
  });
}
