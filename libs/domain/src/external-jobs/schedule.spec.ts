import { localPattern, nextInstant } from './schedule';
import { offsetAt } from './zone-offset';

/** The next instants after `from`, as the zone's clock and offset show them. */
function runs(cron: string, zone: string, from: string, count: number): string[] {
  const pattern = localPattern(cron);
  const found: string[] = [];
  let at = new Date(from);
  for (let n = 0; n < count; n++) {
    at = nextInstant(pattern, zone, at);
    found.push(shown(at, zone));
  }
  return found;
}

function shown(at: Date, zone: string): string {
  const offset = offsetAt(zone, at.getTime());
  const local = new Date(at.getTime() + offset).toISOString();
  const minutes = Math.abs(offset) / 60_000;
  const two = (n: number): string => String(n).padStart(2, '0');
  const seconds = local.slice(17, 19) === '00' ? '' : local.slice(16, 19);
  return `${local.slice(5, 16).replace('T', ' ')}${seconds} ${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}${two(minutes % 60)}`;
}

const DAY = 86_400_000;

/** About when the zone's clock changes. */
function changesOf(zone: string, from: string, days: number): number[] {
  const all = Array.from({ length: days }, (_, day) => new Date(from).getTime() + day * DAY);
  return all.filter((at) => offsetAt(zone, at) !== offsetAt(zone, at + DAY));
}

describe('the next instant of a pattern', () => {
  it('is the one after, never the one itself', () => {
    expect(runs('0 9 * * *', 'UTC', '2026-01-01T09:00:00.000Z', 1)).toEqual(['01-02 09:00 +0000']);
    expect(runs('0 9 * * *', 'UTC', '2026-01-01T08:59:59.999Z', 1)).toEqual(['01-01 09:00 +0000']);
    expect(runs('* * * * * *', 'UTC', '2026-01-01T08:59:59.001Z', 2)).toEqual([
      '01-01 09:00 +0000',
      '01-01 09:00:01 +0000',
    ]);
  });

  it("is by the zone's clock", () => {
    expect(runs('0 9 * * 1-5', 'Asia/Kolkata', '2026-01-02T04:00:00Z', 2)).toEqual([
      '01-05 09:00 +0530',
      '01-06 09:00 +0530',
    ]);
    expect(runs('0 9 1 * *', 'America/New_York', '2026-02-15T00:00:00Z', 2)).toEqual([
      '03-01 09:00 -0500',
      '04-01 09:00 -0400',
    ]);
  });

  it('has five fields, or six with seconds first', () => {
    expect(runs('15 30 9 * * *', 'UTC', '2026-01-01T00:00:00Z', 1)).toEqual(['01-01 09:30:15 +0000']);
    expect(runs('30 9 29 2 *', 'UTC', '2026-01-01T00:00:00Z', 1)).toEqual(['02-29 09:30 +0000']);
    expect(runs('0 0 13 * 5', 'UTC', '2026-11-07T00:00:00Z', 2)).toEqual([
      '11-13 00:00 +0000',
      '11-20 00:00 +0000',
    ]);
  });

  it('knows months and weekdays by their names', () => {
    expect(runs('0 9 * FEB,nov Mon-Fri', 'UTC', '2026-02-27T12:00:00Z', 1)).toEqual(['11-02 09:00 +0000']);
    expect(runs('0 9 1 Dec *', 'UTC', '2026-02-27T12:00:00Z', 1)).toEqual(['12-01 09:00 +0000']);
  });

  it.each([
    '',
    '*',
    '* * * *',
    '* * * * * * *',
    '@daily',
    'a b c d e',
    '60 * * * *',
    '* 24 * * *',
    '0 0 31 2 *',
    // Names in a field that is not theirs.
    'jan * * * *',
    '0 9 JAN * *',
    '0 9 * mon *',
    '0 9 * * Jan',
    '0 0 9 * 1-wed *',
  ])('does not exist for %p', (cron) => {
    expect(() => localPattern(cron)).toThrow();
  });

  describe('of fixed local times', () => {
    it.each([
      // cron, zone, from, what follows
      ['30 2 * * *', 'Europe/Berlin', '2026-03-28T12:00:00Z', ['03-29 03:30 +0200', '03-30 02:30 +0200']],
      ['0 2 * * *', 'Europe/Berlin', '2026-03-28T12:00:00Z', ['03-29 03:00 +0200', '03-30 02:00 +0200']],
      ['30 2 * * *', 'America/New_York', '2026-03-07T12:00:00Z', ['03-08 03:30 -0400', '03-09 02:30 -0400']],
      [
        '15 2 * * *',
        'Australia/Lord_Howe',
        '2026-10-03T03:00:00Z',
        ['10-04 02:45 +1100', '10-05 02:15 +1100'],
      ],
      ['0 0 * * *', 'Africa/Cairo', '2026-04-23T12:00:00Z', ['04-24 01:00 +0300', '04-25 00:00 +0300']],
      ['30 2 29 3 *', 'Europe/Berlin', '2025-06-01T00:00:00Z', ['03-29 03:30 +0200', '03-29 02:30 +0200']],
    ])(
      '%s in %s: what the clock skips is due once, as much later as it moved',
      (cron, zone, from, expected) => {
        expect(runs(cron, zone, from, 2)).toEqual(expected);
      },
    );

    it.each([
      ['30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00:00Z', ['10-25 02:30 +0200', '10-26 02:30 +0100']],
      ['0 3 * * *', 'Europe/Berlin', '2026-10-24T12:00:00Z', ['10-25 03:00 +0100', '10-26 03:00 +0100']],
      ['0 2 * * *', 'Europe/Berlin', '2026-10-24T12:00:00Z', ['10-25 02:00 +0200', '10-26 02:00 +0100']],
      ['30 1 * * *', 'America/New_York', '2026-10-31T12:00:00Z', ['11-01 01:30 -0400', '11-02 01:30 -0500']],
      [
        '45 1 * * *',
        'Australia/Lord_Howe',
        '2026-04-04T03:00:00Z',
        ['04-05 01:45 +1100', '04-06 01:45 +1030'],
      ],
      [
        '15 2 * * *',
        'Australia/Lord_Howe',
        '2026-04-04T03:00:00Z',
        ['04-05 02:15 +1030', '04-06 02:15 +1030'],
      ],
      // Searched for from before the clock moved forward: between the two changes it seems not to have moved.
      ['30 2 25 10 *', 'Europe/Berlin', '2026-01-15T12:00:00Z', ['10-25 02:30 +0200', '10-25 02:30 +0200']],
      ['30 1 1 11 *', 'America/New_York', '2026-02-15T12:00:00Z', ['11-01 01:30 -0400', '11-01 01:30 -0400']],
    ])('%s in %s: what comes twice is due the first time only', (cron, zone, from, expected) => {
      expect(runs(cron, zone, from, 2)).toEqual(expected);
    });

    it('keeps several times of a skipped hour apart, and those after it in order', () => {
      expect(runs('0,45 2,3 * * *', 'Europe/Berlin', '2026-03-28T12:00:00Z', 4)).toEqual([
        // 02:00 with 03:00, and 02:45 with 03:45: they fall together.
        '03-29 03:00 +0200',
        '03-29 03:45 +0200',
        '03-30 02:00 +0200',
        '03-30 02:45 +0200',
      ]);
      expect(runs('0,40 2 * * *', 'Europe/Berlin', '2026-03-28T12:00:00Z', 3)).toEqual([
        '03-29 03:00 +0200',
        '03-29 03:40 +0200',
        '03-30 02:00 +0200',
      ]);
      expect(runs('40 2,3 * * *', 'Europe/Berlin', '2026-10-24T12:00:00Z', 3)).toEqual([
        '10-25 02:40 +0200',
        '10-25 03:40 +0100',
        '10-26 02:40 +0100',
      ]);
    });

    it('is found by a search that begins in the middle of a change', () => {
      expect(runs('30 2 * * *', 'Europe/Berlin', '2026-10-25T01:10:00Z', 1)).toEqual(['10-26 02:30 +0100']);
      expect(runs('50 2 * * *', 'Europe/Berlin', '2026-03-29T01:20:00Z', 1)).toEqual(['03-29 03:50 +0200']);
      expect(runs('10 2 * * *', 'Europe/Berlin', '2026-03-29T01:20:00Z', 1)).toEqual(['03-30 02:10 +0200']);
      expect(runs('0 2 * * *', 'Europe/Berlin', '2026-03-29T01:00:00Z', 1)).toEqual(['03-30 02:00 +0200']);
    });

    it.each(['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'America/Santiago'])(
      'comes once on every day around the changes of four years in %s, whatever its time of day',
      (zone) => {
        const changes = changesOf(zone, '2026-01-01T12:00:00Z', 4 * 365);
        expect(changes).toHaveLength(8);
        for (const cron of [
          '30 0 * * *',
          '45 1 * * *',
          '30 2 * * *',
          '15 2 * * *',
          '0 3 * * *',
          '59 23 * * *',
        ]) {
          const pattern = localPattern(cron);
          for (const change of changes) {
            let at = nextInstant(pattern, zone, new Date(change - 3 * DAY));
            for (let day = 0; day < 5; day++) {
              const next = nextInstant(pattern, zone, at);
              const hours = (next.getTime() - at.getTime()) / 3_600_000;
              if (hours < 23 || hours > 25) {
                throw new Error(`${cron}: ${shown(next, zone)} after ${shown(at, zone)}`);
              }
              at = next;
            }
          }
        }
      },
    );

    it('is every day the same in a zone without changes', () => {
      const pattern = localPattern('30 2 * * *');
      let at = new Date('2026-01-01T21:00:00Z');
      for (let day = 0; day < 366; day++) {
        const next = nextInstant(pattern, 'Asia/Kolkata', at);
        expect(next.getTime() - at.getTime()).toBe(DAY);
        at = next;
      }
    });
  });

  describe('of every hour', () => {
    it('goes on in real time through both changes', () => {
      expect(runs('30 * * * *', 'Europe/Berlin', '2026-10-24T23:45:00Z', 4)).toEqual([
        '10-25 02:30 +0200',
        '10-25 02:30 +0100',
        '10-25 03:30 +0100',
        '10-25 04:30 +0100',
      ]);
      expect(runs('30 * * * *', 'Europe/Berlin', '2026-03-29T00:00:00Z', 3)).toEqual([
        '03-29 01:30 +0100',
        '03-29 03:30 +0200',
        '03-29 04:30 +0200',
      ]);
    });

    it.each([
      ['Europe/Berlin', '2026-10-24T22:00:00Z'],
      ['Europe/Berlin', '2026-03-28T22:00:00Z'],
      ['Australia/Lord_Howe', '2026-04-04T13:00:00Z'],
      ['Australia/Lord_Howe', '2026-10-03T13:00:00Z'],
      ['America/New_York', '2026-11-01T04:00:00Z'],
    ])('every 15 minutes in %s from %s are 15 minutes apart', (zone, from) => {
      const pattern = localPattern('*/15 * * * *');
      let at = new Date(from);
      for (let n = 0; n < 40; n++) {
        const next = nextInstant(pattern, zone, at);
        expect([shown(at, zone), next.getTime() - at.getTime()]).toEqual([shown(at, zone), 900_000]);
        at = next;
      }
    });

    it('keeps to its days', () => {
      expect(runs('0 * 1 1 *', 'Europe/Berlin', '2026-01-01T21:30:00Z', 3)).toEqual([
        '01-01 23:00 +0100',
        '01-01 00:00 +0100',
        '01-01 01:00 +0100',
      ]);
    });
  });

  it('takes little time, also for every second of a repeated hour', () => {
    const pattern = localPattern('* * 2 * * *');
    const began = performance.now();
    expect(
      shown(nextInstant(pattern, 'Europe/Berlin', new Date('2026-10-25T00:59:59Z')), 'Europe/Berlin'),
    ).toBe('10-26 02:00 +0100');
    expect(performance.now() - began).toBeLessThan(500);
  });
});
