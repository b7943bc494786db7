import { CronTime } from 'cron';
import { changeAfter, offsetAt } from './zone-offset';

/** No zone moves its clock by more than this at once. */
const MOST_SHIFT_MS = 3 * 3_600_000;
const SECOND_MS = 1_000;

/** An hour field that means every hour: such a pattern runs in real time, through every change of the clock. */
const EVERY_HOUR = /^(\*|0-23)(\/1)?$/;

const MONTH = /jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec/i;
const WEEKDAY = /sun|mon|tue|wed|thu|fri|sat/i;

/** When a cron pattern matches, in local times written as if they were UTC. */
export interface LocalPattern {
  /** The first match after this local time. */
  after(local: number): number;
  everyHour: boolean;
}

/**
 * Reads a pattern of 5 fields, or 6 with seconds first. The library only counts in UTC, where it is exact;
 * daylight saving time is `nextInstant`'s.
 * @throws Error when it is none, or never matches
 */
export function localPattern(cron: string): LocalPattern {
  const fields = cron.trim().split(/\s+/);
  if (fields.length !== 5 && fields.length !== 6) throw new Error('needs 5 fields, or 6 with seconds first');
  const [month = '', weekday = ''] = fields.slice(-2);
  // The library takes a name for its number in any field, `0 9 * mon *` for January.
  if (/[a-z]/i.test(fields.slice(0, -2).join()) || WEEKDAY.test(month) || MONTH.test(weekday)) {
    throw new Error('has a name in a field that is not its own');
  }
  const time = new CronTime(fields.join(' '), 'UTC');
  const after = (local: number): number => time.getNextDateFrom(new Date(local), 'UTC').toMillis();
  // Finds out that it never matches: the library looks eight years ahead.
  after(Date.UTC(2024, 0));
  return { after, everyHour: EVERY_HOUR.test(fields.at(-4) ?? '') };
}

/**
 * The first instant after `after` at which the pattern is due in the zone.
 * Each local time counts once: one that a change of the clock skips is due as much later as the clock moved
 * (02:30 at 03:30), one that comes twice only the first time. Patterns of every hour run in real time instead.
 */
export function nextInstant(pattern: LocalPattern, zone: string, after: Date): Date {
  let from = Math.floor(after.getTime() / SECOND_MS) * SECOND_MS;
  for (;;) {
    const { offsets, until } = clockFrom(from, zone, pattern.everyHour);
    const due = Math.min(...offsets.map((offset) => pattern.after(from + offset) - offset));
    const [offset] = offsets;
    const change = until ?? changeBefore(due, from, zone);
    if (change === undefined || (offset !== undefined && due < change)) return new Date(due);
    // Matching goes on from the second before, because it looks for what comes after.
    from = change - SECOND_MS;
  }
}

/**
 * By which offsets local times are read just after `from`, and until when that is certain.
 * After the clock moved forward the times it skipped are caught up by the offset of before, beside those that
 * follow; after it moved back there are none for as long: those times were due already.
 */
function clockFrom(from: number, zone: string, everyHour: boolean): { offsets: number[]; until?: number } {
  const first = from + SECOND_MS;
  const now = offsetAt(zone, first);
  const before = offsetAt(zone, first - MOST_SHIFT_MS);
  if (everyHour || before === now) return { offsets: [now] };
  const shift = now - before;
  const until = changeAfter(zone, first - MOST_SHIFT_MS, first) + Math.abs(shift);
  if (first >= until) return { offsets: [now] };
  return { offsets: shift > 0 ? [before, now] : [], until };
}

/** The change of the clock that makes `due`, counted with the offset of `from`, uncertain. */
function changeBefore(due: number, from: number, zone: string): number | undefined {
  const first = from + SECOND_MS;
  const offset = offsetAt(zone, first);
  // Also just before it: the clock may have moved forward and back since, and what comes twice be due already.
  for (const end of [Math.min(first + MOST_SHIFT_MS, due), due - MOST_SHIFT_MS, due]) {
    if (end > first && offsetAt(zone, end) !== offset) return changeAfter(zone, first, end);
  }
  return undefined;
}
