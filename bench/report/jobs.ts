import type { JobsResult } from '../measures/jobs';
import { markdown } from './markdown';
import { median } from './summary';

type Figure = Exclude<keyof JobsResult, 'pending' | 'faults'>;
const FIGURES: [Figure, string, number][] = [
  ['addsPerSecond', 'adds/s by HTTP', 0],
  ['removesPerSecond', 'removes/s by HTTP', 0],
  ['callbackP50', 'callbacks: ms late, p50', 0],
  ['callbackP99', 'callbacks: ms late, p99', 0],
  ['eventP50', 'events: ms late, p50', 0],
  ['eventP99', 'events: ms late, p99', 0],
  ['idleScheduler', 'idle: cores of the scheduler', 3],
  ['idlePostgres', 'idle: cores of Postgres', 3],
];

/** The same with nothing and with many jobs waiting, side by side; medians of the rounds. */
export function jobLines(results: readonly JobsResult[], due: number): string[] {
  const most = Math.max(...results.map(({ pending }) => pending));
  if (results.length === 0) return [];
  const rows = FIGURES.map(([figure, name, digits]) => {
    const of = (pending: number): number[] =>
      results.filter((one) => one.pending === pending).map((one) => one[figure]);
    const [none, many] = [of(0), of(most)];
    const ratio = median(many.map((value, round) => value / (none[round] ?? NaN)));
    return [name, median(none).toFixed(digits), median(many).toFixed(digits), ratio.toFixed(2)];
  });
  const faults = results.reduce((sum, one) => sum + one.faults, 0);
  return [
    `Jobs of backends, one scheduler process; ${due} of a kind due at the same moment:`,
    markdown([['', '0 pending', `${most} pending`, 'ratio'], ...rows]),
    `Callbacks and events that were missing, early or repeated, and unexpected answers: ${faults}.`,
  ];
}
