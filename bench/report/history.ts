import type { HistoryResult } from '../measures/history';
import { markdown } from './markdown';

/** What each place of a very long history costs. */
export function historyLines(results: readonly HistoryResult[], messages: number): string[] {
  if (results.length === 0) return [];
  const rows = results.map(({ place, limit, p50, p99, buffers }) => [
    `${place}, ${limit}`,
    p50.toFixed(1),
    p99.toFixed(1),
    String(buffers),
  ]);
  const faults = results.reduce((sum, { faults: wrong }) => sum + wrong, 0);
  return [
    `History of a conversation with ${messages} messages, two read marks for every 20:`,
    markdown([['', 'ms, p50', 'ms, p99', 'pages touched'], ...rows]),
    `Pages of the history that did not hold what stands there: ${faults}.`,
  ];
}
