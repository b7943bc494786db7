import { betterTogether } from '../programs/better-together';
import { reinviteTimer, requestTimerKeys, requestTimers } from './request-timers';

const now = new Date('2030-01-01T00:00:00Z');

describe('requestTimers', () => {
  it('re-invite after 10 minutes, escalate after 30 and expire after 24 hours', () => {
    const due = requestTimers(betterTogether, 'r1', now).map(({ task, runAt }) => [
      task,
      runAt?.toISOString(),
    ]);
    expect(due).toEqual([
      ['request.reinvite', '2030-01-01T00:10:00.000Z'],
      ['request.expire', '2030-01-02T00:00:00.000Z'],
      ['request.escalate', '2030-01-01T00:30:00.000Z'],
    ]);
  });

  it('have the keys by which a settled request removes them', () => {
    const keys = requestTimers(betterTogether, 'r1', now).map(({ key }) => key);
    expect(keys.sort()).toEqual(requestTimerKeys('r1').sort());
  });

  it('carry ids only', () => {
    for (const { payload } of requestTimers(betterTogether, 'r1', now))
      expect(Object.keys(payload).filter((name) => !['requestId', 'round'].includes(name))).toEqual([]);
  });

  it('are left out where the program does not have them', () => {
    const program = { ...betterTogether, reinviteEvery: null, escalateAfter: null };
    expect(requestTimers(program, 'r1', now).map(({ task }) => task)).toEqual(['request.expire']);
    expect(reinviteTimer(program, 'r1', 2, now)).toEqual([]);
  });
});

describe('reinviteTimer', () => {
  it('carries the round it was written after, under the key of the one before', () => {
    expect(reinviteTimer(betterTogether, 'r1', 3, now)).toEqual([
      {
        queue: 'timers',
        task: 'request.reinvite',
        payload: { requestId: 'r1', round: 3 },
        runAt: new Date('2030-01-01T00:10:00Z'),
        key: 'request:r1:reinvite',
      },
    ]);
  });
});
