import { duration, parseDuration } from './duration';

describe('parseDuration', () => {
  it.each([
    ['500ms', 500],
    ['30s', 30_000],
    ['10m', 600_000],
    ['6h', 21_600_000],
    ['7d', 604_800_000],
  ])('reads %s as %d ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
    expect(duration.parse(text)).toBe(ms);
  });

  it.each(['', '10', 'm', '1.5h', '-1m', '10 m', '1h30m', '10M', '9999999999s'])('refuses %j', (text) => {
    expect(() => parseDuration(text)).toThrow('must be a duration such as 500ms, 30s, 10m, 6h or 7d');
    expect(duration.safeParse(text).success).toBe(false);
  });
});
