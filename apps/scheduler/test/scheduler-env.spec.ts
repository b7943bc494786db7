import { readEnv } from '@kindline/platform';
import { schedulerEnv } from '../src/scheduler-env';

describe("the scheduler's settings", () => {
  const read = (env: Record<string, string>) =>
    readEnv(schedulerEnv, {
      DATABASE_URL: 'postgres://localhost/kindline',
      REDIS_URL: 'redis://localhost',
      JWT_SECRET: 'a-secret-of-more-than-thirty-two-bytes',
      BACKEND_SERVICE_TOKEN: 'a-token-of-a-backend',
      ...env,
    });

  it('are what the contract says when nothing is set', () => {
    expect(read({})).toMatchObject({
      SCHEDULER_PORT: 3003,
      TIME_ZONE: 'UTC',
      RETENTION_DELIVERIES_DAYS: 90,
      RETENTION_REQUEST_TEXTS_HOURS: 24,
    });
    expect(read({}).RETENTION_CONVERSATIONS_DAYS).toBeUndefined();
  });

  it.each(['UTC', 'Etc/UTC', 'Europe/Berlin', 'Europe/Kyiv', 'Asia/Kolkata', 'Asia/Calcutta'])(
    'take the time zone %s',
    (zone) => {
      expect(read({ TIME_ZONE: zone }).TIME_ZONE).toBe(zone);
    },
  );

  it.each(['Europe/Atlantis', 'Berlin', 'nonsense'])('refuse the time zone %s by name', (zone) => {
    expect(() => read({ TIME_ZONE: zone })).toThrow(
      'TIME_ZONE: must be an IANA time zone (example: Europe/Berlin)',
    );
  });

  it.each(['0', '-1', '1.5', 'for ever'])('refuse to keep deliveries for %s days', (days) => {
    expect(() => read({ RETENTION_DELIVERIES_DAYS: days })).toThrow('RETENTION_DELIVERIES_DAYS');
  });
});
