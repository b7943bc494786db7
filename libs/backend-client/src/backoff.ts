import type { Failure } from './outcome';
import type { Timing } from './timing';

const FIRST_MS = 100;
const LONGEST_MS = 5_000;

/**
 * How long to wait before trying again. Full jitter: a server that comes back is not met by all its clients at
 * once. What the server asked for is waited out first, and the jitter comes on top of it.
 * @param failures how many there were in a row, from 1
 */
export function backoffMs(failures: number, { retryAfterMs = 0 }: Failure, timing: Timing): number {
  const jitter = timing.random() * Math.min(LONGEST_MS, FIRST_MS * 2 ** (failures - 1));
  return retryAfterMs + jitter;
}
