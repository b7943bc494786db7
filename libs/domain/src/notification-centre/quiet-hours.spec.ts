import type { QuietHours } from '@kindline/contracts';
import { quietUntil } from './quiet-hours';

const HOUR = 3_600_000;

function hours(from: string, to: string, timeZone: string): QuietHours {
  return { from, to, timeZone };
}

/** The end of the quiet hours at an instant, or `undefined` outside. */
function until(quiet: QuietHours, at: string): string | undefined {
  return quietUntil(quiet, new Date(at))?.toISOString();
}

/** Asserts that a night lasts from its first instant to its end, to the millisecond. */
function expectNight(quiet: QuietHours, start: string, end: string): void {
  const at = (time: string, ms: number): string | undefined =>
    until(quiet, new Date(Date.parse(time) + ms).toISOString());
  const whole = new Date(end).toISOString();
  const half = (Date.parse(end) - Date.parse(start)) / 2;
  expect([at(start, -1), at(start, 0), at(start, half), at(end, -1), at(end, 0)]).toEqual([
    undefined,
    whole,
    whole,
    whole,
    undefined,
  ]);
}

describe('quiet hours', () => {
  it.each([
    ['over midnight', '22:00', '07:00', '2026-01-10T21:00:00Z', '2026-01-11T06:00:00Z'],
    ['within a day', '09:00', '17:00', '2026-01-10T08:00:00Z', '2026-01-10T16:00:00Z'],
    ['from midnight', '00:00', '07:00', '2026-01-09T23:00:00Z', '2026-01-10T06:00:00Z'],
    ['to midnight', '22:00', '00:00', '2026-01-10T21:00:00Z', '2026-01-10T23:00:00Z'],
    ['of all but a minute', '12:00', '11:59', '2026-01-10T11:00:00Z', '2026-01-11T10:59:00Z'],
    ['of a minute', '12:00', '12:01', '2026-01-10T11:00:00Z', '2026-01-10T11:01:00Z'],
  ])('%s last from their first instant to their end', (_what, from, to, start, end) => {
    expectNight(hours(from, to, 'Europe/Berlin'), start, end);
  });

  it.each([
    // zone, from, to, start, end
    ['Asia/Kolkata', '22:00', '07:00', '2026-03-28T16:30:00Z', '2026-03-29T01:30:00Z'],
    ['Pacific/Kiritimati', '22:00', '07:00', '2026-01-10T08:00:00Z', '2026-01-10T17:00:00Z'],
    ['Pacific/Niue', '22:00', '07:00', '2026-01-10T09:00:00Z', '2026-01-10T18:00:00Z'],
    ['europe/berlin', '22:00', '07:00', '2026-07-10T20:00:00Z', '2026-07-11T05:00:00Z'],
  ])("in %s are by the zone's clock", (zone, from, to, start, end) => {
    expectNight(hours(from, to, zone), start, end);
  });

  it.each([
    // The night in which the clock moves is an hour shorter, and goes on through it.
    ['Europe/Berlin', '22:00', '07:00', '2026-03-28T21:00:00Z', '2026-03-29T05:00:00Z'],
    ['America/New_York', '22:00', '07:00', '2026-03-08T03:00:00Z', '2026-03-08T11:00:00Z'],
    ['Australia/Lord_Howe', '22:00', '07:00', '2026-10-03T11:30:00Z', '2026-10-03T20:00:00Z'],
    // It ends, or begins, at a time that is skipped.
    ['Europe/Berlin', '22:00', '02:30', '2026-03-28T21:00:00Z', '2026-03-29T01:00:00Z'],
    ['Europe/Berlin', '22:00', '02:00', '2026-03-28T21:00:00Z', '2026-03-29T01:00:00Z'],
    ['Europe/Berlin', '22:00', '03:00', '2026-03-28T21:00:00Z', '2026-03-29T01:00:00Z'],
    ['Europe/Berlin', '02:30', '07:00', '2026-03-29T01:00:00Z', '2026-03-29T05:00:00Z'],
    ['Europe/Berlin', '02:00', '07:00', '2026-03-29T01:00:00Z', '2026-03-29T05:00:00Z'],
    ['Europe/Berlin', '03:00', '07:00', '2026-03-29T01:00:00Z', '2026-03-29T05:00:00Z'],
    ['Europe/Berlin', '01:30', '02:30', '2026-03-29T00:30:00Z', '2026-03-29T01:00:00Z'],
    ['Europe/Berlin', '02:30', '03:30', '2026-03-29T01:00:00Z', '2026-03-29T01:30:00Z'],
    ['America/New_York', '02:15', '06:00', '2026-03-08T07:00:00Z', '2026-03-08T10:00:00Z'],
    ['Australia/Lord_Howe', '22:00', '02:15', '2026-10-03T11:30:00Z', '2026-10-03T15:30:00Z'],
    ['Australia/Lord_Howe', '02:15', '07:00', '2026-10-03T15:30:00Z', '2026-10-03T20:00:00Z'],
  ])('in %s from %s to %s go on while the clock moves forward', (zone, from, to, start, end) => {
    expectNight(hours(from, to, zone), start, end);
  });

  it('are none where both ends are skipped', () => {
    const quiet = hours('02:10', '02:50', 'Europe/Berlin');
    expect([until(quiet, '2026-03-29T00:59:59.999Z'), until(quiet, '2026-03-29T01:00:00Z')]).toEqual([
      undefined,
      undefined,
    ]);
    expectNight(quiet, '2026-03-30T00:10:00Z', '2026-03-30T00:50:00Z');
  });

  it.each([
    ['Europe/Berlin', '22:00', '07:00', '2026-10-24T20:00:00Z', '2026-10-25T06:00:00Z'],
    ['America/New_York', '22:00', '07:00', '2026-11-01T02:00:00Z', '2026-11-01T12:00:00Z'],
    ['Australia/Lord_Howe', '22:00', '07:00', '2026-04-04T11:00:00Z', '2026-04-04T20:30:00Z'],
    // What comes twice: it begins the first time, and ends the second.
    ['Europe/Berlin', '22:00', '02:30', '2026-10-24T20:00:00Z', '2026-10-25T01:30:00Z'],
    ['Europe/Berlin', '22:00', '02:00', '2026-10-24T20:00:00Z', '2026-10-25T01:00:00Z'],
    ['Europe/Berlin', '22:00', '03:00', '2026-10-24T20:00:00Z', '2026-10-25T02:00:00Z'],
    ['Europe/Berlin', '02:30', '07:00', '2026-10-25T00:30:00Z', '2026-10-25T06:00:00Z'],
    ['Europe/Berlin', '02:00', '07:00', '2026-10-25T00:00:00Z', '2026-10-25T06:00:00Z'],
    ['Europe/Berlin', '03:00', '07:00', '2026-10-25T02:00:00Z', '2026-10-25T06:00:00Z'],
    ['Europe/Berlin', '02:10', '02:50', '2026-10-25T00:10:00Z', '2026-10-25T01:50:00Z'],
    ['America/New_York', '01:15', '06:00', '2026-11-01T05:15:00Z', '2026-11-01T11:00:00Z'],
    ['Australia/Lord_Howe', '22:00', '01:45', '2026-04-04T11:00:00Z', '2026-04-04T15:15:00Z'],
    ['Australia/Lord_Howe', '01:45', '07:00', '2026-04-04T14:45:00Z', '2026-04-04T20:30:00Z'],
    // Its clock falls back into the day before.
    ['America/Santiago', '22:00', '07:00', '2026-04-05T01:00:00Z', '2026-04-05T11:00:00Z'],
    ['America/Santiago', '23:30', '07:00', '2026-04-05T02:30:00Z', '2026-04-05T11:00:00Z'],
  ])('in %s from %s to %s go on while the clock moves back', (zone, from, to, start, end) => {
    expectNight(hours(from, to, zone), start, end);
  });

  it('are one where a day is left out', () => {
    // Apia had no 30 December 2011: the night before it goes on in the morning after it.
    expectNight(hours('22:00', '07:00', 'Pacific/Apia'), '2011-12-30T08:00:00Z', '2011-12-30T17:00:00Z');
    const day = hours('09:00', '17:00', 'Pacific/Apia');
    expectNight(day, '2011-12-29T19:00:00Z', '2011-12-30T03:00:00Z');
    expectNight(day, '2011-12-30T19:00:00Z', '2011-12-31T03:00:00Z');
  });

  it('are one where the clock skips the moment between them', () => {
    expectNight(hours('02:30', '02:00', 'Europe/Berlin'), '2026-03-28T01:30:00Z', '2026-03-30T00:00:00Z');
  });

  it.each([
    ['Europe/Berlin', '22:00', '07:00', 2026],
    ['Europe/Berlin', '02:30', '03:30', 2026],
    ['America/New_York', '23:30', '01:30', 2026],
    ['America/New_York', '09:00', '08:00', 2026],
    ['Australia/Lord_Howe', '21:45', '02:15', 2026],
    ['America/Santiago', '00:00', '06:00', 2026],
    ['Asia/Kolkata', '12:00', '13:30', 2026],
    ['Pacific/Apia', '22:00', '07:00', 2011],
  ])('in %s from %s to %s end once, later, and soon, all year', (timeZone, from, to, year) => {
    const quiet = { from, to, timeZone };
    const wrong: string[] = [];
    let last = 0;
    let nights = 0;
    for (let at = Date.UTC(year, 0, 1); at < Date.UTC(year + 1, 0, 3); at += HOUR / 2) {
      const end = quietUntil(quiet, new Date(at))?.getTime();
      if (end === undefined) {
        // A night that was to last longer has not.
        if (at < last) wrong.push(`${new Date(at).toISOString()} is outside`);
        continue;
      }
      const again = end === last;
      if (!again) nights++;
      const isEnd = again || quietUntil(quiet, new Date(end)) === undefined;
      if (end <= at || end > at + 25 * HOUR || end < last || (at < last && !again) || !isEnd) {
        wrong.push(`${new Date(at).toISOString()} until ${new Date(end).toISOString()}`);
      }
      last = end;
    }
    expect(wrong).toEqual([]);
    expect(nights).toBeGreaterThan(364);
    expect(nights).toBeLessThan(370);
  });

  it('take little time: a campaign asks for everybody', () => {
    const quiet = hours('22:00', '07:00', 'Europe/Berlin');
    const begin = performance.now();
    for (let n = 0; n < 2_000; n++) quietUntil(quiet, new Date(Date.UTC(2026, 5, 1) + n * 777_777));
    expect(performance.now() - begin).toBeLessThan(2_000);
  });
});
