// `npm run pack:client`: the client of apps as a tarball that stands alone, in dist/client/. Says how large it is.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build, minify } from 'vite';
import { pack, runTsc } from './packing.mjs';

/** What we may add to socket.io-client in a browser, compressed: it must not grow unnoticed. */
const MOST_BYTES = 17_920;

/** All that the types consist of. */
const DECLARATIONS = ['index', 'create-client', 'api'];

/** Where there are no types of a browser this is nothing; there it is a part of them. */
const WITHOUT_BROWSER = 'declare global {\n  interface MediaStream {}\n}\n';

function writeTypes(folder, source) {
  const emitted = join(dirname(folder), 'types');
  runTsc('-p', join(source, 'tsconfig.build.json'), '--outDir', emitted);
  for (const name of DECLARATIONS) {
    const text = readFileSync(join(emitted, 'libs', 'client', 'src', `${name}.d.ts`), 'utf8');
    for (const kind of ['m', 'c']) {
      // One of its own for `import` and for `require`: each names files as its kind has to.
      const own = text.replaceAll(/from '(\.\/[^']+)'/g, (_, file) => `from '${file}.${kind}js'`);
      writeFileSync(join(folder, `${name}.d.${kind}ts`), name === 'api' ? own + WITHOUT_BROWSER : own);
    }
  }
  rmSync(emitted, { recursive: true, force: true });
}

/** The size in a browser that has socket.io-client anyway. */
async function sizeOf(file) {
  const { code } = await minify(file, readFileSync(file, 'utf8'), { module: true });
  return { minified: Buffer.byteLength(code), compressed: gzipSync(code, { level: 9 }).length };
}

await pack('client', process.argv[2], async (folder, source) => {
  await build({ configFile: join(source, 'vite.config.mts'), build: { outDir: folder } });
  writeTypes(folder, source);
  const { minified, compressed } = await sizeOf(join(folder, 'index.mjs'));
  const size = `${compressed} bytes compressed (${minified} minified) beside socket.io-client, of ${MOST_BYTES}`;
  process.stderr.write(`@kindline/client: ${size}\n`);
  if (compressed > MOST_BYTES) {
    process.stderr.write('That is too much for the pages of people in a hurry.\n');
    process.exit(1);
  }
});
