import type { NewJob } from '@kindline/database';
import type { CallSide } from './live-call';

const key = (callId: string, timer: string): string => `call:${callId}:${timer}`;

/** Nobody has answered by `runAt`. */
export function ringTimer(callId: string, runAt: Date): NewJob {
  return {
    queue: 'timers',
    task: 'call.ring',
    payload: { callId },
    runAt,
    key: ringTimerKey(callId),
  };
}

/** An answered call still goes on at `runAt`: nobody may know of it any more. */
export function endTimer(callId: string, runAt: Date): NewJob {
  return { queue: 'timers', task: 'call.end', payload: { callId }, runAt, key: endTimerKey(callId) };
}

/** A side whose socket went at `lostAt` has not come back by `runAt`. */
export function lostTimer(callId: string, side: CallSide, lostAt: Date, runAt: Date): NewJob {
  return {
    queue: 'timers',
    task: 'call.lost',
    payload: { callId, side, lostAt: lostAt.toISOString() },
    runAt,
    key: lostTimerKey(callId, side),
  };
}

export const ringTimerKey = (callId: string): string => key(callId, 'ring');
export const endTimerKey = (callId: string): string => key(callId, 'end');
export const lostTimerKey = (callId: string, side: CallSide): string => key(callId, `lost:${side}`);
export const callTimerKeys = (callId: string): string[] => [
  ringTimerKey(callId),
  endTimerKey(callId),
  lostTimerKey(callId, 'caller'),
  lostTimerKey(callId, 'callee'),
];
