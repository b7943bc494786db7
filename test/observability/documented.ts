import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './queries';

/** The metrics that docs/operations.md lists, each with its labels. */
export function documentedMetrics(): Map<string, Set<string>> {
  const text = readFileSync(join(ROOT, 'docs', 'operations.md'), 'utf8');
  const [, section = ''] = /^## Health, logs, metrics$([\s\S]*?)^## /m.exec(text) ?? [];
  const metrics = new Map<string, Set<string>>();
  let column = 0;
  for (const line of section.split('\n')) {
    const cells = line.split('|').map((cell) => cell.trim());
    if (cells.includes('labels')) column = cells.indexOf('labels');
    const [, name] = /^`([a-z_]+)`$/.exec(cells[1] ?? '') ?? [];
    if (name)
      metrics.set(
        name,
        new Set([...(cells[column] ?? '').matchAll(/`(\w+)`/g)].map(([, label = '']) => label)),
      );
  }
  return metrics;
}
