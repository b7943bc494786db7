const DAY = 24 * 60 * 60 * 1000;

/** The hour and minute of an ISO 8601 time, as the reader's language writes it. */
export function clockTime(at: string, language: string): string {
  return new Intl.DateTimeFormat(language, { hour: 'numeric', minute: '2-digit' }).format(new Date(at));
}

/** Today, yesterday, or the date; with its year when that is another one. */
export function dayName(at: string, language: string): string {
  const date = new Date(at);
  const today = new Date();
  const days = Math.round((midnight(date) - midnight(today)) / DAY);
  if (days === 0 || days === -1) {
    return new Intl.RelativeTimeFormat(language, { numeric: 'auto' }).format(days, 'day');
  }
  return new Intl.DateTimeFormat(language, {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    year: date.getFullYear() === today.getFullYear() ? undefined : 'numeric',
  }).format(date);
}

export function sameDay(one: string, other: string): boolean {
  return midnight(new Date(one)) === midnight(new Date(other));
}

/** For lists: the time of something today, else its day. */
export function timeOrDay(at: string, language: string): string {
  return sameDay(at, new Date().toISOString())
    ? clockTime(at, language)
    : new Intl.DateTimeFormat(language, { day: 'numeric', month: 'short' }).format(new Date(at));
}

const midnight = (date: Date): number =>
  new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
