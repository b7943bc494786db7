import { eventually, freePort } from '@kindline/testing';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { PROMETHEUS, readYaml } from './queries';

interface Answer {
  status: string;
  error?: string;
  data: unknown;
}

export interface Prometheus {
  get(path: string): Promise<Answer>;
  stop(): Promise<void>;
}

/**
 * A Prometheus with our configuration and rules, but for where the services are and how often it looks.
 * @param ports of the services, by job
 */
export async function startPrometheus(ports: Map<string, number>): Promise<Prometheus> {
  const folder = mkdtempSync(join(tmpdir(), 'kindline-prometheus-'));
  const config = readYaml('prometheus.yaml') as {
    scrape_configs: { job_name: string; dns_sd_configs?: unknown }[];
  };
  const here = {
    ...config,
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: [join(PROMETHEUS, 'alerts.yaml')],
    scrape_configs: config.scrape_configs.map(({ dns_sd_configs: _, ...job }) => ({
      ...job,
      static_configs: [{ targets: [`127.0.0.1:${ports.get(job.job_name)}`] }],
    })),
  };
  writeFileSync(join(folder, 'prometheus.yaml'), stringify(here));
  const port = await freePort();
  const server = spawn(
    'prometheus',
    [
      `--config.file=${join(folder, 'prometheus.yaml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: 'ignore' },
  );
  const gone = new Promise((resolve) => server.once('exit', resolve));
  const stop = async (): Promise<void> => {
    if (server.exitCode === null && server.kill('SIGKILL')) await gone;
    rmSync(folder, { recursive: true, force: true });
  };
  const url = `http://127.0.0.1:${port}`;
  const ready = async (): Promise<boolean> => {
    if (server.exitCode !== null) throw new Error('Prometheus has ended');
    return (await fetch(`${url}/-/ready`).catch(() => undefined))?.ok ?? false;
  };
  await eventually('Prometheus is ready', ready).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return { get: async (path) => (await fetch(url + path)).json() as Promise<Answer>, stop };
}
