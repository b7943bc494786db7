// `npm run sbom`: what production uses of other people's work, as CycloneDX JSON, from the lock file alone. npm's own
// `npm sbom` leaves out packages that development needs as well (seen with npm 11: Nest, express, pg).
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const target = resolve(process.argv[2] ?? join(root, 'dist', 'sbom.cdx.json'));
const tool = join(root, 'node_modules', '@cyclonedx', 'cyclonedx-npm', 'bin', 'cyclonedx-npm-cli.js');
const options = ['--omit', 'dev', '--package-lock-only', '--output-reproducible', '--mc-type', 'application'];

mkdirSync(dirname(target), { recursive: true });
const { status } = spawnSync(process.execPath, [tool, ...options, '--output-file', target], {
  cwd: root,
  stdio: 'inherit',
});
if (status !== 0) process.exit(1);
process.stdout.write(`${target}\n`);
