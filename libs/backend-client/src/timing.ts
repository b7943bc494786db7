/** Time and chance, so that tests decide them. */
export interface Timing {
  /** Milliseconds since 1970. */
  now(): number;
  /** Runs it once after that many milliseconds. @returns what takes it back */
  after(ms: number, run: () => void): () => void;
  /** Waits; at once when the signal is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** From 0 to below 1. */
  random(): number;
}

function after(ms: number, run: () => void): () => void {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
}

export const systemTiming: Timing = {
  // Date.now() jumps when the system's clock is set, and deadlines would jump with it.
  now: () => performance.timeOrigin + performance.now(),
  after,
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const end = () => {
        cancel();
        signal.removeEventListener('abort', end);
        resolve();
      };
      const cancel = after(ms, end);
      signal.addEventListener('abort', end);
    }),
  random: () => Math.random(),
};
