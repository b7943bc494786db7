import { setTimeout as pause } from 'node:timers/promises';

/**
 * Looks until `look` answers something, and answers that.
 * @param what the end of the sentence that says what did not happen
 */
export async function eventually<Found>(
  what: string,
  look: () => Promise<Found | undefined | false> | Found | undefined | false,
  withinMs = 15_000,
): Promise<Found> {
  const until = Date.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > until) throw new Error(`not within ${withinMs} ms: ${what}`);
    await pause(25);
  }
}
