import { spawnSync } from 'node:child_process';
import { PROMETHEUS } from './queries';

/** Whether a program of Debian's package `prometheus` can be run here. */
export const isInstalled = (program: 'prometheus' | 'promtool'): boolean =>
  spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0;

/** The status and whatever promtool says. */
export function promtool(...args: string[]): { status: number | null; said: string } {
  const { status, stdout, stderr } = spawnSync('promtool', args, { cwd: PROMETHEUS, encoding: 'utf8' });
  return { status, said: `${stdout}${stderr}` };
}
