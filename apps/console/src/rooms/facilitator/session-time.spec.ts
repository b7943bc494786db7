import { sessionTime } from './session-time';

test('an ISO 8601 time is written in the language of the reader', () => {
  expect(sessionTime('2026-11-30T17:00:00', 'en-GB')).toBe('Monday, 30 November 2026 at 17:00');
  expect(sessionTime('2026-11-30 17:00', 'en-GB')).toBe('Monday, 30 November 2026 at 17:00');
});

test('a time with an offset is shown in the zone of the reader', () => {
  const here = new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeStyle: 'short' });
  expect(sessionTime('2026-11-30T17:00:00+02:00', 'en-GB')).toBe(
    here.format(new Date('2026-11-30T15:00:00Z')),
  );
});

test('a day without a time stays that day, wherever the reader is', () => {
  expect(sessionTime('2026-12-01', 'en-GB')).toBe('Tuesday, 1 December 2026');
});

test.each(['next Tuesday after lunch', '5', '2026-13-45', '2026-11-30T25:00', ''])(
  'what is no time is shown as the backend has sent it: %p',
  (sent) => {
    expect(sessionTime(sent, 'en-GB')).toBe(sent);
  },
);
