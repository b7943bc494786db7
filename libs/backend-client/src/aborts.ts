type Run = () => void;

interface Group {
  runs: Set<Run>;
  abort: Run;
}

const waiting = new WeakMap<AbortSignal, Group>();

/**
 * Runs it when the signal is aborted; not when it already was. However many wait for one signal, it has a single
 * listener: with one each, adding them takes quadratic time (40 s for 100,000 bookings) and Node warns of a leak.
 * @returns what takes it back
 */
export function onAbort(signal: AbortSignal, run: Run): () => void {
  const group = waiting.get(signal) ?? begin(signal);
  group.runs.add(run);
  return () => {
    if (!group.runs.delete(run) || group.runs.size > 0) return;
    waiting.delete(signal);
    signal.removeEventListener('abort', group.abort);
  };
}

function begin(signal: AbortSignal): Group {
  const runs = new Set<Run>();
  const group = { runs, abort: () => runs.forEach((run) => run()) };
  waiting.set(signal, group);
  signal.addEventListener('abort', group.abort);
  return group;
}
