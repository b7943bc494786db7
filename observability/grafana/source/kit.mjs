// What our dashboards are made of. A panel: what Grafana draws; a row: a question and the panels that answer it.
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

const datasource = { type: 'prometheus', uid: '${datasource}' };
const rules = new URL('../../prometheus/alerts.yaml', import.meta.url);
const alerts = parse(readFileSync(rules, 'utf8')).groups.flatMap((group) => group.rules);

/** The number an alert compares with, so that a panel's line is where the alert begins. */
export function thresholdOf(name) {
  const alert = alerts.find((rule) => rule.alert === name);
  const [, comparator, number] = /([<>])=? ([\d.e]+)/.exec(alert?.expr ?? '') ?? [];
  if (!number) throw new Error(`no threshold in the alert ${name}`);
  // Grafana colours from the threshold on, so more than nothing would be red at nothing.
  if (comparator === '<' || Number(number) === 0) throw new Error(`${name} has no threshold one could draw`);
  return Number(number);
}

function thresholds(redFrom) {
  const steps = [{ color: 'green', value: null }];
  if (redFrom !== undefined) steps.push({ color: 'red', value: redFrom });
  return { mode: 'absolute', steps };
}

const targetsOf = (queries, extra = {}) =>
  Object.entries(queries).map(([legendFormat, expr], index) => ({
    refId: String.fromCharCode(65 + index),
    datasource,
    editorMode: 'code',
    expr,
    legendFormat,
    range: true,
    ...extra,
  }));

const NOW = { instant: true, range: false };
const described = (title, description, alert) => ({
  title,
  description: alert ? `${description} The line is where ${alert} begins.` : description,
  datasource,
});

/**
 * Lines over time.
 * @param queries PromQL by legend
 * @param options.alert whose threshold is drawn
 */
export const graph = (title, description, unit, queries, { alert, stacked = false } = {}) => ({
  type: 'timeseries',
  ...described(title, description, alert),
  fieldConfig: {
    defaults: {
      unit,
      min: 0,
      color: { mode: 'palette-classic' },
      thresholds: thresholds(alert && thresholdOf(alert)),
      custom: {
        drawStyle: 'line',
        lineWidth: 1,
        fillOpacity: stacked ? 30 : 10,
        showPoints: 'never',
        spanNulls: false,
        stacking: { mode: stacked ? 'normal' : 'none', group: 'A' },
        thresholdsStyle: { mode: alert ? 'line' : 'off' },
      },
    },
    overrides: [],
  },
  options: {
    legend: { displayMode: 'list', placement: 'bottom', showLegend: true, calcs: [] },
    tooltip: { mode: 'multi', sort: 'desc' },
  },
  targets: targetsOf(queries),
});

/**
 * The newest value of each query.
 * @param options.bad the one value that is red
 * @param options.redFrom values from here on are red
 */
export const number = (title, description, unit, queries, { bad, redFrom } = {}) => ({
  type: 'stat',
  ...described(title, description),
  fieldConfig: {
    defaults: {
      unit,
      color: { mode: 'thresholds' },
      thresholds: thresholds(redFrom),
      mappings: bad === undefined ? [] : [{ type: 'value', options: { [bad]: { color: 'red', index: 0 } } }],
    },
    overrides: [],
  },
  options: {
    colorMode: 'value',
    graphMode: 'none',
    justifyMode: 'auto',
    orientation: 'auto',
    textMode: 'value_and_name',
    reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
  },
  targets: targetsOf(queries, NOW),
});

/** One row per series, with these of its labels. */
export const table = (title, description, query, labels) => ({
  type: 'table',
  ...described(title, description),
  fieldConfig: { defaults: { custom: { align: 'auto' } }, overrides: [] },
  options: { showHeader: true, cellHeight: 'sm' },
  targets: targetsOf({ '': query }, { ...NOW, format: 'table' }),
  transformations: [{ id: 'filterFieldsByName', options: { include: { names: labels } } }],
});

export const row = (question, ...panels) => ({ question, panels });

/** The three of a histogram that matter. */
export const quantiles = (histogram, by = 'le') =>
  Object.fromEntries(
    [0.5, 0.95, 0.99].map((quantile) => [
      `p${quantile * 100}`,
      `histogram_quantile(${quantile}, sum by (${by}) (rate(${histogram}[$__rate_interval])))`,
    ]),
  );

const HEIGHT = 8;

/** Rows of up to four panels that share the width. */
function laidOut(rows) {
  let y = 0;
  let id = 0;
  return rows.flatMap(({ question, panels }) => {
    const title = { id: ++id, type: 'row', title: question, collapsed: false, panels: [] };
    const placed = [{ ...title, gridPos: { h: 1, w: 24, x: 0, y } }];
    y += 1;
    const perLine = Math.min(panels.length, panels.length === 4 ? 4 : 3);
    const w = 24 / perLine;
    panels.forEach((panel, index) => {
      const line = Math.floor(index / perLine);
      const gridPos = { h: HEIGHT, w, x: (index % perLine) * w, y: y + line * HEIGHT };
      placed.push({ id: ++id, ...panel, gridPos });
    });
    y += Math.ceil(panels.length / perLine) * HEIGHT;
    return placed;
  });
}

const datasourceVariable = {
  name: 'datasource',
  label: 'Prometheus',
  type: 'datasource',
  query: 'prometheus',
  current: {},
  hide: 0,
  includeAll: false,
  multi: false,
  options: [],
  refresh: 1,
  regex: '',
};

const instanceVariable = (job) => {
  const query = `label_values(up{job="${job}"}, instance)`;
  return {
    name: 'instance',
    label: 'Replica',
    type: 'query',
    datasource,
    definition: query,
    query: { query, refId: 'instance' },
    current: { text: ['All'], value: ['$__all'] },
    allValue: '.*',
    hide: 0,
    includeAll: true,
    multi: true,
    options: [],
    refresh: 2,
    regex: '',
    sort: 1,
  };
};

/** A dashboard as Grafana imports it; with `job` one can choose among its replicas. */
export const dashboard = ({ uid, title, description, job }, ...rows) => ({
  uid,
  title,
  description,
  tags: ['kindline'],
  schemaVersion: 42,
  version: 1,
  editable: true,
  graphTooltip: 1,
  refresh: '30s',
  time: { from: 'now-3h', to: 'now' },
  timepicker: {},
  timezone: 'browser',
  annotations: { list: [] },
  links: [
    {
      type: 'dashboards',
      title: 'Kindline',
      tags: ['kindline'],
      asDropdown: true,
      includeVars: false,
      keepTime: true,
      targetBlank: false,
      icon: 'external link',
      tooltip: '',
      url: '',
    },
  ],
  templating: { list: job ? [datasourceVariable, instanceVariable(job)] : [datasourceVariable] },
  panels: laidOut(rows),
});
