import type { CronOccurrences } from '@kindline/domain';
import { Cron } from '../src/cron';
import type { SchedulerEnv } from '../src/scheduler-env';

describe('the clockwork', () => {
  let claimed: string[];
  let cron: Cron;

  beforeEach(() => {
    jest.useFakeTimers({ now: new Date('2031-06-01T12:00:00Z') });
    claimed = [];
    const claim = async (_queue: string, task: string, at: Date) => {
      // Every few minutes: it would only hide the others.
      if (task !== 'retention.texts') claimed.push(`${task} ${at.toISOString()}`);
    };
    cron = new Cron({ claim } as unknown as CronOccurrences, { TIME_ZONE: 'UTC' } as SchedulerEnv);
    cron.onApplicationBootstrap();
  });
  afterEach(() => {
    cron.onApplicationShutdown();
    jest.useRealTimers();
  });

  it('notices within a minute that the machine has slept', () => {
    jest.setSystemTime(new Date('2031-06-02T07:20:00Z'));
    jest.advanceTimersByTime(60_000);
    expect(claimed).toEqual([
      'tokens.validate 2031-06-02T03:00:00.000Z',
      'helpers.check 2031-06-02T03:30:00.000Z',
      'retention 2031-06-01T12:15:00.000Z',
    ]);
    jest.advanceTimersByTime(3_600_000);
    expect(claimed.slice(3)).toEqual(['retention 2031-06-02T08:15:00.000Z']);
  });

  it('does not tick early when the clock is set back', () => {
    jest.advanceTimersByTime(10 * 60_000);
    jest.setSystemTime(new Date('2031-06-01T11:40:00Z'));
    jest.advanceTimersByTime(34 * 60_000);
    expect(claimed).toEqual([]);
    jest.advanceTimersByTime(60_000);
    expect(claimed).toEqual(['retention 2031-06-01T12:15:00.000Z']);
  });
});
