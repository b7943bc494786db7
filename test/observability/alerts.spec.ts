import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isInstalled, promtool } from './promtool';
import { readYaml, ROOT, rules } from './queries';
import { usesOf } from './promql';

const installed = isInstalled('promtool');
if (!installed) {
  process.stderr.write('alerts are not tried: promtool (package prometheus) is not installed here\n');
}

interface Expectation {
  alertname: string;
  exp_alerts: unknown[];
}
const expectations = (): Expectation[] =>
  (readYaml('alerts.test.yaml') as { tests: { alert_rule_test: Expectation[] }[] }).tests.flatMap(
    (test) => test.alert_rule_test,
  );

const runbooks = (): string[] => {
  const text = readFileSync(join(ROOT, 'docs', 'runbooks.md'), 'utf8');
  return [...text.matchAll(/^### (.*)$/gm)].map(([, heading = '']) => heading);
};

const names = rules().map(({ alert }) => alert);

describe('alerts', () => {
  it('have names of their own', () => {
    expect(new Set(names).size).toBe(names.length);
    expect(names.length).toBeGreaterThan(0);
  });

  it.each(rules())('$alert says how urgent it is, what is wrong, and which runbook helps', (rule) => {
    expect(['page', 'ticket']).toContain(rule.labels['severity']);
    expect(Object.keys(rule.annotations).sort()).toEqual(['description', 'runbook_url', 'summary']);
    expect(rule.annotations['description']).toContain('$');
    expect(rule.annotations['runbook_url']).toBe(
      `{{ $externalLabels.runbooks }}docs/runbooks.md#${rule.alert.toLowerCase()}`,
    );
    expect(usesOf(rule.expr)).not.toEqual([]);
  });

  it('each have a runbook, and every runbook has its alert', () => {
    expect([...runbooks()].sort()).toEqual([...names].sort());
  });

  it.each(rules())('$alert’s runbook says how urgent it is', ({ alert, labels }) => {
    const text = readFileSync(join(ROOT, 'docs', 'runbooks.md'), 'utf8');
    const [, urgency] = new RegExp(`^### ${alert}\n\n(Page|Ticket)\\. `, 'm').exec(text) ?? [];
    expect(urgency?.toLowerCase()).toBe(labels['severity']);
  });

  it.each(names)('%s has a test in which it fires and one in which it does not', (name) => {
    const counts = expectations()
      .filter(({ alertname }) => alertname === name)
      .map(({ exp_alerts }) => exp_alerts.length > 0);
    expect([counts.includes(true), counts.includes(false)]).toEqual([true, true]);
  });

  it('are tested under names that exist', () => {
    const unknown = expectations().filter(({ alertname }) => !names.includes(alertname));
    expect(unknown).toEqual([]);
  });
});

(installed ? describe : describe.skip)('promtool', () => {
  it('accepts the configuration and the rules', () => {
    expect(promtool('check', 'config', 'prometheus.yaml')).toMatchObject({ status: 0 });
  });

  it('sees every alert fire, and be quiet, when it should', () => {
    expect(promtool('test', 'rules', 'alerts.test.yaml')).toMatchObject({ status: 0 });
  }, 120_000);
});
