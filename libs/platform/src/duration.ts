import { z } from 'zod';

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const FORM = /^(\d{1,9})(ms|s|m|h|d)$/;
const HINT = 'must be a duration such as 500ms, 30s, 10m, 6h or 7d';

/** @returns milliseconds @throws RangeError when it is not like 500ms, 30s, 10m, 6h, 7d */
export function parseDuration(text: string): number {
  const [, amount, unit] = FORM.exec(text) ?? [];
  if (amount === undefined || unit === undefined) throw new RangeError(HINT);
  return Number(amount) * UNITS[unit as keyof typeof UNITS];
}

/** A duration as text, answered in milliseconds. */
export const duration = z.string(HINT).regex(FORM, HINT).transform(parseDuration);
