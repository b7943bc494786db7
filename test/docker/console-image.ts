import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const SCRIPT = join(__dirname, '..', '..', 'docker', 'console', 'configure.sh');

/** What the console's container does with these settings before its server starts; files appear in `folder`. */
export function configure(settings: Record<string, string>, folder: string) {
  const env = { PATH: process.env['PATH'] ?? '', ...settings };
  return spawnSync('sh', [SCRIPT, folder], { encoding: 'utf8', env });
}
