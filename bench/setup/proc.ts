import { readdirSync, readFileSync } from 'node:fs';

const TICKS_PER_SECOND = 100;
/** user, nice, system, irq and softirq of /proc/stat; idle, waiting and stolen time are left out. */
const BUSY_FIELDS = [0, 1, 2, 5, 6];

/** The fields of /proc/<pid>/stat after the command's name: state, ppid, … */
function stat(pid: number): string[] {
  const line = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return line.slice(line.lastIndexOf(')') + 2).split(' ');
}

/** CPU seconds a process has used, user and system, all its threads. */
export function cpuSeconds(pid: number): number {
  const fields = stat(pid);
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** CPU seconds of a process and its children; those of children that have ended count as well. */
export function familyCpuSeconds(pid: number): number {
  const fields = stat(pid);
  let sum = cpuSeconds(pid) + (Number(fields[13]) + Number(fields[14])) / TICKS_PER_SECOND;
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      if (Number(stat(Number(name))[1]) === pid) sum += cpuSeconds(Number(name));
    } catch {
      // It ended while we were looking.
    }
  }
  return sum;
}

/** Busy CPU seconds of the whole machine since it started. */
export function machineCpuSeconds(): number {
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n');
  const fields = line.trim().split(/\s+/).slice(1).map(Number);
  return BUSY_FIELDS.reduce((sum, index) => sum + (fields[index] ?? 0), 0) / TICKS_PER_SECOND;
}

/** Resident memory in bytes. */
export function residentBytes(pid: number): number {
  const match = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(match?.[1]) * 1_024;
}

/** The most resident memory that a process has held, in bytes. */
export function peakBytes(pid: number): number {
  const match = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(match?.[1]) * 1_024;
}
