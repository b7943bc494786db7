import type { QuietHours } from '@kindline/contracts';
import { changeAfter, offsetAt } from '../external-jobs/zone-offset';

const DAY_MS = 86_400_000;
/** No zone is further from UTC than this. */
const MOST_OFFSET_MS = 15 * 3_600_000;

/**
 * The end of the quiet hours that `now` lies in; undefined outside. Their first instant is quiet, their end is not.
 * A night goes on through every change of the clock: it begins when `from` is read for the first time and ends when
 * `to` is read for the last time, and a time that the clock skips is the instant at which it does so. Nights that
 * touch, because the clock skipped what lay between, are one.
 */
export function quietUntil(quiet: QuietHours, now: Date): Date | undefined {
  const instant = now.getTime();
  const today = Math.floor((instant + offsetAt(quiet.timeZone, instant)) / DAY_MS) * DAY_MS;
  let until = instant;
  // Not after the first that begins later: nights begin in the order of their days.
  for (let day = today - DAY_MS; ; day += DAY_MS) {
    const { start, end } = nightOf(quiet, day);
    if (start > until) break;
    until = Math.max(until, end);
  }
  return until > instant ? new Date(until) : undefined;
}

/** The quiet hours that begin on a day, which is written as its midnight in UTC. */
function nightOf({ from, to, timeZone }: QuietHours, day: number): { start: number; end: number } {
  const endsOn = from < to ? day : day + DAY_MS;
  return {
    start: readingsOf(timeZone, day + msOf(from)).first,
    end: readingsOf(timeZone, endsOn + msOf(to)).last,
  };
}

/** When the zone's clock shows a local time, which is written as if it were UTC; of a skipped one, when it was skipped. */
function readingsOf(zone: string, local: number): { first: number; last: number } {
  const [from, to] = [local - MOST_OFFSET_MS, local + MOST_OFFSET_MS];
  const [before, after] = [local - offsetAt(zone, from), local - offsetAt(zone, to)];
  if (before === after) return { first: before, last: before };
  const change = changeAfter(zone, from, to);
  return {
    first: before < change ? before : Math.max(after, change),
    last: after >= change ? after : Math.min(before, change),
  };
}

function msOf(timeOfDay: string): number {
  const [hours, minutes] = timeOfDay.split(':').map(Number);
  return ((hours ?? 0) * 60 + (minutes ?? 0)) * 60_000;
}
