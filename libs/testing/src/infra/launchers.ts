import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as Launchers from '../../../../tools/infra.mjs';

/** The folder with package.json and tools/, seen from the sources as well as from dist/. */
export function projectRoot(): string {
  let folder = __dirname;
  while (!existsSync(join(folder, 'tools', 'infra.mjs'))) {
    const above = dirname(folder);
    if (above === folder) throw new Error(`tools/infra.mjs is not above ${__dirname}`);
    folder = above;
  }
  return folder;
}

/** What starts Postgres and Redis under `npm start` too. */
export const launchers = (): Promise<typeof Launchers> =>
  import(pathToFileURL(join(projectRoot(), 'tools', 'infra.mjs')).href) as Promise<typeof Launchers>;

/** A new empty folder; `npm test` removes it with its own at the end. */
export const temporaryFolder = (): string =>
  mkdtempSync(join(process.env['KINDLINE_TEST_DIR'] ?? tmpdir(), 'kindline-test-'));

/** A port on loopback that nobody uses. */
export const freePort = async (): Promise<number> => (await launchers()).freePort();
