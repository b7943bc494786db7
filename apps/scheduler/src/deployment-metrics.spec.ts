import type { DeploymentFacts } from '@kindline/domain';
import { HealthChecks, MetricsRegistry, Shutdown } from '@kindline/platform';
import { DeploymentMetrics } from './deployment-metrics';

it('does not keep Prometheus waiting while Postgres does not answer', async () => {
  const metrics = new MetricsRegistry(new HealthChecks(), new Shutdown());
  const silent = { read: () => new Promise(() => undefined) } as unknown as DeploymentFacts;
  new DeploymentMetrics(silent, metrics);
  const began = Date.now();
  const text = await metrics.registry.metrics();
  expect(Date.now() - began).toBeLessThan(4_000);
  expect(text).toContain('kindline_queue_jobs');
});
