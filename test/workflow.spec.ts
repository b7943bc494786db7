import { existsSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';

interface Workflow {
  permissions: Record<string, string>;
  jobs: Record<string, { 'timeout-minutes'?: number; steps: { uses?: string; run?: string }[] }>;
}

describe("GitHub's workflow", () => {
  const workflow = parse(readFileSync('.github/workflows/ci.yaml', 'utf8')) as Workflow;
  const steps = Object.values(workflow.jobs).flatMap((job) => job.steps);
  const commands = steps.flatMap(({ run }) => (run === undefined ? [] : [run])).join('\n');

  it('may only read, and every job ends', () => {
    expect(workflow.permissions).toEqual({ contents: 'read' });
    for (const [name, job] of Object.entries(workflow.jobs))
      expect([name, job['timeout-minutes']]).toEqual([name, expect.any(Number)]);
  });

  it('runs what CI runs, and scripts and files that are there', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: object };
    expect(commands).toMatch(/^\.ci\/run$/m);
    const called = [...commands.matchAll(/npm run ([\w:-]+)/g)].map(([, script]) => script);
    expect(called).toEqual(['audit', 'sbom']);
    for (const script of called) expect(Object.keys(scripts)).toContain(script);
    const files = [...commands.matchAll(/\b(?:docker|test)\/[\w./-]+/g)].map(([file]) => file);
    expect(files).toContain('docker/smoke.mjs');
    for (const file of files.filter((name) => name !== 'docker/.env'))
      expect([file, existsSync(file)]).toEqual([file, true]);
  });

  it('names the version of every action', () => {
    for (const { uses } of steps) if (uses !== undefined) expect(uses).toMatch(/^[\w/-]+@v\d+$/);
  });
});
