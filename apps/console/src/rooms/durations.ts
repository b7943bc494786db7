const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Hours and minutes, below a minute seconds: "23 hours, 59 minutes"; nothing is rounded up. */
export function duration(ms: number, language: string): string {
  const rest = Math.max(0, ms);
  const amount = (value: number, unit: 'hour' | 'minute' | 'second') =>
    new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'long' }).format(value);
  if (rest < MINUTE) return amount(Math.floor(rest / SECOND), 'second');
  const hours = Math.floor(rest / HOUR);
  const minutes = Math.floor((rest % HOUR) / MINUTE);
  const parts = [
    ...(hours > 0 ? [amount(hours, 'hour')] : []),
    ...(minutes > 0 ? [amount(minutes, 'minute')] : []),
  ];
  return new Intl.ListFormat(language, { type: 'unit', style: 'long' }).format(parts);
}

/** How long ago something was: "5 minutes ago", "yesterday". */
export function ago(at: string, now: number, language: string): string {
  const ms = Math.min(0, Date.parse(at) - now);
  const words = new Intl.RelativeTimeFormat(language, { numeric: 'auto' });
  if (ms > -MINUTE) return words.format(0, 'second');
  if (ms > -HOUR) return words.format(Math.ceil(ms / MINUTE), 'minute');
  if (ms > -DAY) return words.format(Math.ceil(ms / HOUR), 'hour');
  return words.format(Math.ceil(ms / DAY), 'day');
}

/** Day and time: "Sat, 22 Nov, 14:00". */
export function dayAndTime(at: string, language: string): string {
  return new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(at));
}
