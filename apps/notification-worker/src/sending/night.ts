import type { Category } from '@kindline/contracts';
import { quietUntil } from '@kindline/domain';

/** A notification, and its person's quiet hours. */
export interface QuietRow {
  category: Category;
  quiet_from: string | null;
  quiet_to: string | null;
  time_zone: string | null;
}

/** The end of the person's quiet hours, if it is one of them that `now` lies in and the notification can wait. */
export function nightEnd(row: QuietRow, now: Date): Date | undefined {
  const { category, quiet_from: from, quiet_to: to, time_zone: timeZone } = row;
  if (category === 'transactional' || from === null || to === null || timeZone === null) return undefined;
  return quietUntil({ from, to, timeZone }, now);
}
