import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { usesOf } from './promql';
import { dashboards, panelQueries, ROOT, variableQueries } from './queries';

const SERVICES = ['chat-gateway', 'notification-worker', 'scheduler', 'session-api'];
const drawn = [...dashboards()].flatMap(([file, { panels }]) =>
  panels
    .filter(({ type }) => type !== 'row')
    .map((panel) => ({ ...panel, where: `${file}, ${panel.title}` })),
);

describe('dashboards', () => {
  it('are what their source makes', async () => {
    const source = pathToFileURL(join(ROOT, 'observability', 'grafana', 'source', 'build.mjs')).href;
    const built = (await import(source)) as { dashboards: Record<string, unknown> };
    expect(Object.fromEntries(dashboards())).toEqual(built.dashboards);
  });

  it('are one per service and an overview, known by fixed ids', () => {
    const uids = [...dashboards().values()].map(({ uid }) => uid).sort();
    expect(uids).toEqual([...SERVICES, 'overview'].map((name) => `kindline-${name}`).sort());
    for (const { id } of dashboards().values()) expect(id).toBeUndefined();
  });

  it('let one choose the Prometheus, and a service’s replicas', () => {
    for (const [file, { templating }] of dashboards()) {
      const variables = templating.list.map(({ name }) => name);
      expect([file, ...variables]).toEqual(
        file === 'overview.json' ? [file, 'datasource'] : [file, 'datasource', 'instance'],
      );
    }
    expect(variableQueries()).toHaveLength(SERVICES.length);
  });

  it('say of each panel what it shows, in which unit, from which Prometheus', () => {
    expect(drawn.length).toBeGreaterThan(50);
    for (const { where, type, description, fieldConfig, datasource, targets = [] } of drawn) {
      expect([where, description]).toEqual([where, expect.stringMatching(/^[A-Z].*\.$/)]);
      if (type !== 'table') expect([where, fieldConfig?.defaults.unit]).toEqual([where, expect.any(String)]);
      const uids = [datasource, ...targets.map((target) => target.datasource)].map((source) => source?.uid);
      expect([where, ...new Set(uids)]).toEqual([where, '${datasource}']);
    }
  });

  it('ask in PromQL', () => {
    for (const { expr } of [...panelQueries(), ...variableQueries()]) expect(usesOf(expr)).not.toEqual([]);
  });

  it('would not pass with a query that is none', () => {
    expect(() => usesOf('sum(rate(kindline_pushes_total[1m])')).toThrow('no PromQL');
  });
});
