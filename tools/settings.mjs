import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { commandOf } from './processes.mjs';

const require = createRequire(import.meta.url);

/** JWT_SECRET and BACKEND_SERVICE_TOKEN: generated once and kept, so that tokens stay good over restarts. */
export function secrets(dataDir) {
  const file = join(dataDir, 'secrets.json');
  const kept = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  kept.JWT_SECRET ??= randomBytes(48).toString('base64');
  kept.BACKEND_SERVICE_TOKEN ??= randomBytes(24).toString('hex');
  writeFileSync(file, `${JSON.stringify(kept, null, 2)}\n`, { mode: 0o600 });
  const given = (name) => process.env[name] || kept[name];
  return { JWT_SECRET: given('JWT_SECRET'), BACKEND_SERVICE_TOKEN: given('BACKEND_SERVICE_TOKEN') };
}

/** Says what is wrong with the settings once and before anything starts, instead of once per service. */
export function checkSettings(settings) {
  const { commonEnv, readEnv } = require('../dist/libs/platform/src/index.js');
  const { Programs } = require('../dist/libs/domain/src/programs/programs.js');
  const servers = { DATABASE_URL: 'postgres://embedded/', REDIS_URL: 'redis://embedded' };
  for (const name of Object.keys(servers)) if (settings[name]) servers[name] = settings[name];
  readEnv(commonEnv, { ...settings, ...servers });
  Programs.fromFile(settings.PROGRAMS_FILE || undefined);
}

/** One launcher per data folder: a second one would take the first one's servers for leftovers and end them. */
export function claim(dataDir) {
  const file = join(dataDir, 'launcher.pid');
  const pid = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
  if (pid !== process.pid && commandOf(pid)?.command.includes('start.mjs')) {
    throw new Error(
      `Kindline already runs on ${dataDir} (process ${pid}); stop it or set DATA_DIR to another folder.`,
    );
  }
  writeFileSync(file, String(process.pid));
}
