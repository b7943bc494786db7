/** What a service's /metrics shows. */
export interface Exposition {
  /** Each metric's type by its name. */
  types: Map<string, string>;
  /** The labels seen on each sample's name. */
  labels: Map<string, Set<string>>;
}

export function readExposition(text: string): Exposition {
  const types = new Map<string, string>();
  for (const [, name = '', type = ''] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm)) types.set(name, type);
  const labels = new Map<string, Set<string>>();
  for (const [, name = '', inside = ''] of text.matchAll(/^([a-zA-Z_]\w*)(?:\{(.*)\})? \S+$/gm)) {
    const known = labels.get(name) ?? new Set();
    for (const [, label = ''] of inside.matchAll(/(\w+)="(?:[^"\\]|\\.)*"/g)) known.add(label);
    labels.set(name, known);
  }
  return { types, labels };
}

/** The metric that a name in a query belongs to: a histogram is asked by its parts. */
export function metricOf({ types }: Exposition, name: string): string | undefined {
  if (types.has(name)) return types.get(name) === 'histogram' ? undefined : name;
  const base = name.replace(/_(bucket|sum|count)$/, '');
  return types.get(base) === 'histogram' ? base : undefined;
}
