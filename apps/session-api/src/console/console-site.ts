import { type ConsoleConfig, type DemoPerson, demoPerson } from '@kindline/contracts';
import { ConfigError } from '@kindline/platform';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { consoleConfigOf, type ConsoleEnv } from './console-env';

/** Nest token: the console that is served. */
export const CONSOLE_SITE = Symbol('CONSOLE_SITE');

export interface ConsoleSite {
  folder: string;
  config: ConsoleConfig;
  /** Whom anybody may sign in as; absent: nobody. */
  people: readonly DemoPerson[] | undefined;
}

/** @throws ConfigError when the console was not built, or the file of demo people is none */
export function consoleSite(env: ConsoleEnv): ConsoleSite {
  const folder = resolve(env.CONSOLE_DIR);
  if (!existsSync(join(folder, 'index.html'))) {
    throw new ConfigError([
      `CONSOLE: there is no built console in ${folder}; build it (npm run build:console) or set CONSOLE=false`,
    ]);
  }
  const file = env.CONSOLE_DEMO_PEOPLE;
  const people = file === undefined ? undefined : demoPeopleIn(file);
  return { folder, config: consoleConfigOf(env, people !== undefined), people };
}

function demoPeopleIn(file: string): DemoPerson[] {
  try {
    return z.array(demoPerson).parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    throw new ConfigError([
      `CONSOLE_DEMO_PEOPLE: ${file} is not a JSON list of { sub, email, name, roles, about }`,
    ]);
  }
}
