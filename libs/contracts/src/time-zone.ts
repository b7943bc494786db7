import { z } from 'zod';

/** `Intl.supportedValuesOf` would not do: it lists one name of each zone, such as Asia/Calcutta for Asia/Kolkata. */
function isTimeZone(zone: string): boolean {
  // Intl takes offsets such as +01:00 as well, which know no daylight saving time.
  if (!/^[a-z]/i.test(zone)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/** The name of an IANA time zone. */
export const timeZone = z
  .string()
  .max(64)
  .refine(isTimeZone, 'must be an IANA time zone')
  .meta({ example: 'Europe/Berlin' });
