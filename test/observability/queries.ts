import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

export const ROOT = join(__dirname, '..', '..');
export const PROMETHEUS = join(ROOT, 'observability', 'prometheus');
export const DASHBOARDS = join(ROOT, 'observability', 'grafana', 'dashboards');

export interface Rule {
  alert: string;
  expr: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

export const readYaml = (file: string): unknown => parse(readFileSync(join(PROMETHEUS, file), 'utf8'));

export const rules = (): Rule[] =>
  (readYaml('alerts.yaml') as { groups: { rules: Rule[] }[] }).groups.flatMap((group) => group.rules);

export interface Panel {
  type: string;
  title: string;
  description?: string;
  datasource?: { uid: string };
  fieldConfig?: { defaults: { unit?: string } };
  targets?: { expr: string; legendFormat: string; datasource: { uid: string } }[];
}

export interface Dashboard {
  id?: number;
  uid: string;
  title: string;
  panels: Panel[];
  templating: { list: { name: string; definition?: string }[] };
}

/** The committed dashboards by the names of their files. */
export const dashboards = (): Map<string, Dashboard> =>
  new Map(
    readdirSync(DASHBOARDS).map((file) => [
      file,
      JSON.parse(readFileSync(join(DASHBOARDS, file), 'utf8')) as Dashboard,
    ]),
  );

export interface Query {
  /** Where it stands. */
  where: string;
  expr: string;
  /** Labels that its legend shows. */
  legend: string[];
}

/** What Grafana puts in for its variables. */
const filledIn = (expr: string): string =>
  expr.replaceAll('$__rate_interval', '1m').replaceAll('$instance', '.*');

export const panelQueries = (): Query[] =>
  [...dashboards()].flatMap(([file, { panels }]) =>
    panels.flatMap(({ title, targets = [] }) =>
      targets.map(({ expr, legendFormat }) => ({
        where: `${file}, ${title}`,
        expr: filledIn(expr),
        legend: [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label),
      })),
    ),
  );

/** What the variables list: `label_values(<selector>, <label>)`. */
export const variableQueries = (): Query[] =>
  [...dashboards()].flatMap(([file, { templating }]) =>
    templating.list.flatMap(({ name, definition }) => {
      const [, expr, label] = /^label_values\((.*), (\w+)\)$/.exec(definition ?? '') ?? [];
      return expr && label ? [{ where: `${file}, $${name}`, expr, legend: [label] }] : [];
    }),
  );

export const ruleQueries = (): Query[] =>
  rules().map(({ alert, expr }) => ({ where: alert, expr, legend: [] }));
