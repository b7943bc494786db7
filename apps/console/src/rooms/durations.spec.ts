import { ago, dayAndTime, duration } from './durations';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NOW = Date.parse('2026-11-22T12:00:00Z');
const before = (ms: number): string => new Date(NOW - ms).toISOString();

test('a duration says hours and minutes, and rounds nothing up', () => {
  expect(duration(24 * HOUR - 1, 'en')).toBe('23 hours, 59 minutes');
  expect(duration(2 * HOUR + 59_999, 'en')).toBe('2 hours');
  expect(duration(MINUTE, 'en')).toBe('1 minute');
});

test('the last minute is counted in seconds, and never below none', () => {
  expect(duration(59_999, 'en')).toBe('59 seconds');
  expect(duration(-5, 'en')).toBe('0 seconds');
});

test('durations are in the language of the reader', () => {
  expect(duration(HOUR + 2 * MINUTE, 'de')).toBe('1 Stunde, 2 Minuten');
  expect(ago(before(26 * HOUR), NOW, 'de')).toBe('gestern');
});

test('how long ago something was is told in full units', () => {
  expect(ago(before(30_000), NOW, 'en')).toBe('now');
  expect(ago(before(5 * MINUTE + 59_000), NOW, 'en')).toBe('5 minutes ago');
  expect(ago(before(3 * HOUR), NOW, 'en')).toBe('3 hours ago');
  expect(ago(before(24 * HOUR), NOW, 'en')).toBe('yesterday');
});

test('a clock that is behind the server shows nothing from the future', () => {
  expect(ago(new Date(NOW + 5 * MINUTE).toISOString(), NOW, 'en')).toBe('now');
});

test('a day and a time are written as the language does', () => {
  expect(dayAndTime('2026-11-22T12:00:00', 'de')).toContain('22.11.2026');
});
