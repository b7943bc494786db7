import type { JobPayload, NewJob, QueueName } from '@kindline/database';
import { currentTraceparent, inSpan, isTracedJob } from '@kindline/platform';
import type { TaskHandlers } from './job-worker';

/**
 * The field in which a job remembers the trace it was written in. One for now is a part of that trace; a timer, which
 * may fire a day later, has a trace of its own that names the other.
 */
export function traceFields({ task, runAt }: NewJob): JobPayload {
  const traceparent = isTracedJob(task) ? currentTraceparent() : undefined;
  if (traceparent === undefined) return {};
  return runAt ? { traceLink: traceparent } : { traceparent };
}

/** Every task in a span, but those that may not be traced. */
export function tracedTasks(queue: QueueName, tasks: TaskHandlers): TaskHandlers {
  const traced: TaskHandlers = {};
  for (const [task, handler] of Object.entries(tasks)) {
    traced[task] = ({ traceparent, traceLink, ...payload }, job) => {
      if (!isTracedJob(task)) return handler(payload, job);
      const facts = { 'kindline.queue': queue, 'kindline.task': task, 'kindline.attempt': job.attempts };
      // The tenth try may be hours later.
      const again = job.attempts > 1;
      const options = again
        ? ({ kind: 'consumer', link: traceparent ?? traceLink, facts } as const)
        : ({ kind: 'consumer', parent: traceparent, link: traceLink, facts } as const);
      return inSpan<void>(`job ${task}`, options, () => handler(payload, job));
    };
  }
  return traced;
}
