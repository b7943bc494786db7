import {
  ExternalJobs,
  HelperCheck,
  Retention,
  runAnnouncements,
  RunExternalJob,
  runQueue,
  TimerTasks,
} from '@kindline/domain';
import { createLogger, readEnv, type RunningService, setupOpenApi, startService } from '@kindline/platform';
import { schedulerEnv } from './scheduler-env';
import { SchedulerModule } from './scheduler.module';

/** Due timers are looked for this often. */
const POLL_MS = 500;

/** Callbacks side by side: those that hang do so for 10 s and must not hold up the others. */
const CALLBACKS_AT_ONCE = 50;

/** Starts one scheduler replica with the given environment. */
export async function startScheduler(variables = process.env): Promise<RunningService> {
  const env = readEnv(schedulerEnv, variables);
  const log = createLogger('scheduler', env.LOG_LEVEL);
  return startService({
    name: 'scheduler',
    module: SchedulerModule.forRoot(env, log),
    env,
    log,
    port: env.SCHEDULER_PORT,
    portVariable: 'SCHEDULER_PORT',
    configure: (app) => setupOpenApi(app, { title: 'Kindline scheduler', version: '1' }),
    started: async (app) => {
      const databaseUrl = env.DATABASE_URL;
      await runAnnouncements(app, { databaseUrl, log });
      await runQueue(app, {
        databaseUrl,
        queue: 'timers',
        pollIntervalMs: POLL_MS,
        tasks: {
          ...app.get(TimerTasks).tasks,
          'helpers.check': async () => {
            await app.get(HelperCheck).run();
          },
          retention: async () => {
            await app.get(ExternalJobs).settleAbandoned();
            await app.get(Retention).run();
          },
          'retention.texts': () => app.get(Retention).forgetTexts(),
        },
        log,
      });
      await runQueue(app, {
        databaseUrl,
        queue: 'external',
        concurrency: CALLBACKS_AT_ONCE,
        pollIntervalMs: 200,
        fetchesTogether: true,
        poolSize: 6,
        tasks: app.get(RunExternalJob).tasks,
        log,
      });
    },
  });
}
