export const PING_INTERVAL_MS = 25_000;
export const PING_TIMEOUT_MS = 20_000;
/** How long a connection may have been dead before a ping shows it. */
export const SILENCE_MS = PING_INTERVAL_MS + PING_TIMEOUT_MS;
/** A message emitted this shortly before a clean goodbye may not have been seen. */
export const GOODBYE_MS = 3_000;
