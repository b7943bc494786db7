// `npm run pack:backend-client`: the backends' client as a tarball that stands alone, in dist/backend-client/.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const source = join(root, 'libs', 'backend-client');
const target = resolve(process.argv[2] ?? join(root, 'dist', 'backend-client'));
const folder = join(target, 'package');

function run(title, command, args, cwd, shell = false) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8', shell });
  if (status !== 0) {
    process.stderr.write(`${title} failed:\n${stdout}${stderr}\n`);
    process.exit(1);
  }
  return stdout.trim();
}

rmSync(target, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
run('tsc', process.execPath, [tsc, '-p', join(source, 'tsconfig.build.json'), '--outDir', folder], root);
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const manifest = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8'));
writeFileSync(join(folder, 'package.json'), `${JSON.stringify({ ...manifest, version }, null, 2)}\n`);
copyFileSync(join(source, 'README.md'), join(folder, 'README.md'));
copyFileSync(join(root, 'LICENSE'), join(folder, 'LICENSE'));
const pack = ['pack', folder, '--pack-destination', target, '--offline', '--silent'];
const file = run('npm pack', 'npm', pack, root, process.platform === 'win32')
  .split('\n')
  .at(-1);
process.stdout.write(`${join(target, file)}\n`);
