import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readlinkSync } from 'node:fs';

/**
 * What runs under a process id; a number in a file may belong to somebody else after a reboot.
 * @param {number} pid
 * @returns {{command: string, folder?: string} | undefined} its command line and, on Linux, its working folder
 */
export function commandOf(pid) {
  if (!Number.isInteger(pid) || pid <= 1) return undefined;
  if (process.platform !== 'linux') {
    const command = spawnSync('ps', ['-o', 'command=', '-p', String(pid)], {
      encoding: 'utf8',
    }).stdout?.trim();
    return command ? { command } : undefined;
  }
  try {
    // A process that has ended but was not yet waited for has no command line any more.
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return command ? { command, folder: readlinkSync(`/proc/${pid}/cwd`) } : undefined;
  } catch {
    return existsSync(`/proc/${pid}`) ? { command: '' } : undefined;
  }
}
