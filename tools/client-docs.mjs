// `npm run docs:client`: the page about the client's interface, docs/client-api.md, by TypeDoc. It remembers what it
// was made of, so that whether it is out of date is seen without making it again (libs/client/test/package.spec.ts).
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { root, run } from './packing.mjs';

const source = join(root, 'libs', 'client');
const page = join(root, 'docs', 'client-api.md');
const typedoc = join(root, 'node_modules', 'typedoc', 'bin', 'typedoc');
const folder = mkdtempSync(join(tmpdir(), 'kindline-docs-'));

const INTRO = `
Everything that \`@kindline/client\` exports. How to begin stands in [its README](../libs/client/README.md), what the
server promises in [For client developers](clients.md).
`;

try {
  run('TypeDoc', process.execPath, [typedoc, '--options', source, '--out', folder]);
  const text = readFileSync(join(folder, 'client-api.md'), 'utf8');
  const hash = createHash('sha256');
  for (const file of ['api.ts', 'index.ts']) hash.update(readFileSync(join(source, 'src', file)));
  const made = `<!-- Made by npm run docs:client of sources with the hash ${hash.digest('hex').slice(0, 16)} -->`;
  const whole = text.replace(/^(# .*)\n/, (title) => `${title}\n${made}\n${INTRO}`);
  writeFileSync(page, await format(whole, { ...(await resolveConfig(page)), parser: 'markdown' }));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.stdout.write(`${page}\n`);
