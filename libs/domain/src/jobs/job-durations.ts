import { Histogram, type Registry } from 'prom-client';

type Labels = 'queue' | 'task' | 'outcome';

/** The one histogram of a service's jobs, whichever queues it runs. */
export function jobDurations(registry: Registry): Histogram<Labels> {
  const name = 'kindline_job_duration_seconds';
  const known = registry.getSingleMetric(name);
  if (known) return known as Histogram<Labels>;
  return new Histogram({
    name,
    help: 'Runs of jobs, by how they ended',
    labelNames: ['queue', 'task', 'outcome'],
    buckets: [0.005, 0.025, 0.1, 0.5, 1, 5, 15, 60],
    registers: [registry],
  });
}
