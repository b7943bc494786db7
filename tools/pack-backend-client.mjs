// `npm run pack:backend-client`: the backends' client as a tarball that stands alone, in dist/backend-client/.
import { join } from 'node:path';
import { pack, runTsc } from './packing.mjs';

await pack('backend-client', process.argv[2], (folder, source) => {
  runTsc('-p', join(source, 'tsconfig.build.json'), '--outDir', folder);
});
