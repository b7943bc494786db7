// node observability/grafana/source/build.mjs writes the dashboards; a spec compares them with what is committed.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { overview } from './overview.mjs';
import { chatGateway, notificationWorker, scheduler, sessionApi } from './services.mjs';

/** Each dashboard's JSON by the name of its file. */
export const dashboards = {
  'overview.json': overview,
  'session-api.json': sessionApi,
  'chat-gateway.json': chatGateway,
  'notification-worker.json': notificationWorker,
  'scheduler.json': scheduler,
};

const folder = fileURLToPath(new URL('../dashboards/', import.meta.url));
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, dashboard] of Object.entries(dashboards)) {
    const file = folder + name;
    const style = await resolveConfig(file);
    writeFileSync(file, await format(JSON.stringify(dashboard), { ...style, filepath: file }));
  }
}
