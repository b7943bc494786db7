// What every service is asked.
import { graph, number, quantiles, row, table } from './kit.mjs';

/** Matchers for one service's chosen replicas. */
export const of = (job, more = '') => `{job="${job}", instance=~"$instance"${more && `, ${more}`}}`;

export const health = (job) =>
  row(
    'Does it run?',
    number('Replicas', 'Replicas that answer Prometheus, and those that do not.', 'none', {
      up: `count(up${of(job)} == 1) or vector(0)`,
      down: `count(up${of(job)} == 0) or vector(0)`,
    }),
    number(
      'What it needs',
      'What each replica needs to be ready: 0 is away.',
      'none',
      { '{{check}} {{instance}}': `kindline_check_up${of(job)}` },
      { bad: 0 },
    ),
    number('Draining', 'Replicas that are about to end and take no new work.', 'none', {
      draining: `sum(kindline_draining${of(job)})`,
    }),
    table('Versions', 'Which version each replica runs.', `kindline_build_info${of(job)}`, [
      'instance',
      'version',
    ]),
  );

// Probes and Prometheus itself are not what people wait for.
const ASKED = 'route!~"/health.*|/metrics"';

export const http = (job) =>
  row(
    'How does it answer?',
    graph(
      'HTTP answers',
      'Answers a second by status, probes left out.',
      'reqps',
      {
        '{{status}}': `sum by (status) (rate(http_request_duration_seconds_count${of(job, ASKED)}[$__rate_interval]))`,
      },
      { stacked: true },
    ),
    graph(
      'HTTP errors',
      'Share of answers that are 5xx.',
      'percentunit',
      {
        '5xx': `(sum(rate(http_request_duration_seconds_count${of(job, `${ASKED}, status=~"5.."`)}[$__rate_interval])) or vector(0)) / sum(rate(http_request_duration_seconds_count${of(job, ASKED)}[$__rate_interval]))`,
      },
      { alert: 'HttpErrors' },
    ),
    graph(
      'HTTP durations',
      'How long answers take.',
      's',
      quantiles(`http_request_duration_seconds_bucket${of(job, ASKED)}`),
    ),
    graph('Slowest routes', 'The five routes whose 95th percentile is highest.', 's', {
      '{{method}} {{route}}': `topk(5, histogram_quantile(0.95, sum by (le, method, route) (rate(http_request_duration_seconds_bucket${of(job, ASKED)}[$__rate_interval]))))`,
    }),
  );

export const jobs = (job) =>
  row(
    'How do its jobs do?',
    graph('Jobs', 'Jobs a second by task.', 'ops', {
      '{{queue}} {{task}}': `sum by (queue, task) (rate(kindline_job_duration_seconds_count${of(job)}[$__rate_interval]))`,
    }),
    graph(
      'Jobs that fail',
      'Share of runs that failed or were given up.',
      'percentunit',
      {
        '{{queue}} {{task}}': `sum by (queue, task) (rate(kindline_job_duration_seconds_count${of(job, 'outcome!="done"')}[$__rate_interval])) / sum by (queue, task) (rate(kindline_job_duration_seconds_count${of(job)}[$__rate_interval]))`,
      },
      { alert: 'JobsFail' },
    ),
    graph('Durations of jobs', 'The 95th percentile of a run by task.', 's', {
      '{{queue}} {{task}}': `histogram_quantile(0.95, sum by (le, queue, task) (rate(kindline_job_duration_seconds_bucket${of(job)}[$__rate_interval])))`,
    }),
  );

export const resources = (job) =>
  row(
    'How full is it?',
    graph('CPU', 'Cores a replica uses; Node hardly uses more than one.', 'none', {
      '{{instance}}': `rate(process_cpu_seconds_total${of(job)}[$__rate_interval])`,
    }),
    graph(
      'Event loop lag',
      'How long what a replica is given waits for its turn (p99).',
      's',
      { '{{instance}}': `nodejs_eventloop_lag_p99_seconds${of(job)}` },
      { alert: 'EventLoopLag' },
    ),
    graph('Memory', 'Memory a replica holds, and what of it is JavaScript’s heap.', 'bytes', {
      '{{instance}}': `process_resident_memory_bytes${of(job)}`,
      'heap of {{instance}}': `nodejs_heap_size_used_bytes${of(job)}`,
    }),
    graph(
      'Waiting for Postgres',
      'Work that waits for a connection of a pool.',
      'none',
      {
        '{{instance}} {{pool}}': `sum by (instance, pool) (kindline_postgres_pool_connections${of(job, 'state="waiting"')})`,
      },
      { alert: 'PostgresPoolWaits' },
    ),
    graph('Connections to Postgres', 'Connections by pool and what they do.', 'none', {
      '{{pool}} {{state}}': `sum by (pool, state) (kindline_postgres_pool_connections${of(job, 'state!="waiting"')})`,
    }),
    graph(
      'Files and sockets',
      'Share of the files, sockets among them, that a replica may open.',
      'percentunit',
      { '{{instance}}': `process_open_fds${of(job)} / process_max_fds${of(job)}` },
      { alert: 'FilesRunOut' },
    ),
  );

export const limits = (job) =>
  graph(
    'Refused by rate limits',
    'Requests and events a second that were refused, by limit.',
    'ops',
    { '{{limit}}': `sum by (limit) (rate(kindline_rate_limited_total${of(job)}[$__rate_interval]))` },
    { alert: 'RateLimitedSurge' },
  );
