import { runAnnouncements } from '@kindline/domain';
import { createLogger, readEnv, type RunningService, setupOpenApi, startService } from '@kindline/platform';
import { consoleSite } from './console/console-site';
import { serveConsole } from './console/serve-console';
import { sessionApiEnv } from './session-api-env';
import { SessionApiModule } from './session-api.module';

/** Starts one replica of the session API with the given environment. */
export async function startSessionApi(variables = process.env): Promise<RunningService> {
  const env = readEnv(sessionApiEnv, variables);
  const log = createLogger('session-api', env.LOG_LEVEL);
  if (env.NODE_ENV === 'production' && env.CHAT_SERVICE_URL === undefined) {
    log.warn('CHAT_SERVICE_URL is not set: clients are told to find anonymous sessions on their own machine');
  }
  const site = env.CONSOLE ? consoleSite(env) : undefined;
  return startService({
    name: 'session-api',
    module: SessionApiModule.forRoot(env, log, site),
    env,
    log,
    port: env.SESSION_API_PORT,
    portVariable: 'SESSION_API_PORT',
    configure: (app) => {
      setupOpenApi(app, { title: 'Kindline session API', version: '1' });
      if (site) serveConsole(app, site);
    },
    started: (app) => runAnnouncements(app, { databaseUrl: env.DATABASE_URL, log }),
  });
}
