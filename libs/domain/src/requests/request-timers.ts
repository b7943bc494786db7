import type { NewJob } from '@kindline/database';
import type { Program } from '../programs/program';

const key = (requestId: string, timer: string): string => `request:${requestId}:${timer}`;

/** The durable timers of a pending request. Each carries what it expects and does nothing when that has passed. */
export function requestTimers(program: Program, requestId: string, now: Date): NewJob[] {
  const jobs: NewJob[] = [];
  const add = (timer: string, after: number | null, payload: NewJob['payload'] = {}): void => {
    if (after === null) return;
    jobs.push({
      queue: 'timers',
      task: `request.${timer}`,
      payload: { requestId, ...payload },
      runAt: new Date(now.getTime() + after),
      key: key(requestId, timer),
    });
  };
  add('reinvite', program.reinviteEvery, { round: 1 });
  add('expire', program.expireAfter);
  add('escalate', program.escalateAfter);
  return jobs;
}

/** The re-invitation that follows `round`. */
export function reinviteTimer(program: Program, requestId: string, round: number, now: Date): NewJob[] {
  if (program.reinviteEvery === null) return [];
  return [
    {
      queue: 'timers',
      task: 'request.reinvite',
      payload: { requestId, round },
      runAt: new Date(now.getTime() + program.reinviteEvery),
      key: key(requestId, 'reinvite'),
    },
  ];
}

export function requestTimerKeys(requestId: string): string[] {
  return ['reinvite', 'expire', 'escalate'].map((timer) => key(requestId, timer));
}
