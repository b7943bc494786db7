import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(__dirname, '..');
const run = (command: string, args: string[]) =>
  spawnSync(join(root, 'node_modules', '.bin', command), args, {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, NX_DAEMON: 'false', NODE_OPTIONS: '' },
  });

describe('module boundaries', () => {
  it('refuses an import that the tags do not allow', () => {
    // The rule reads Nx's project graph and skips itself silently where there is none.
    expect(run('nx', ['show', 'projects']).status).toBe(0);
    const { status, stdout } = run('eslint', ['--no-ignore', 'test/boundaries-fixture']);
    expect(stdout).toContain('@nx/enforce-module-boundaries');
    expect(stdout).toContain('scope:contracts');
    expect(status).toBe(1);
  }, 60_000);
});
