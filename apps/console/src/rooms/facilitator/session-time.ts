/** An ISO 8601 date or time; anything else that `Date` would guess at is left as it is. */
const ISO = /^\d{4}-\d{2}-\d{2}(?<time>[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$/;

/** A session's time in the reader's language, or as the backend has sent it when it is no date. */
export function sessionTime(sent: string, language: string): string {
  const iso = ISO.exec(sent);
  // A day without a time is meant as it is written; Date takes it for midnight in Greenwich.
  const date = new Date(iso?.groups?.time ? sent.replace(' ', 'T') : `${sent}T00:00`);
  if (iso === null || Number.isNaN(date.getTime())) return sent;
  return new Intl.DateTimeFormat(language, {
    dateStyle: 'full',
    timeStyle: iso.groups?.time ? 'short' : undefined,
  }).format(date);
}
