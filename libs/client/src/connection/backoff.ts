/**
 * How long to wait before the next attempt, in ms: a random part of a span that doubles with every attempt, so that
 * clients which lost their server together do not come back together.
 * @param attempt from 0
 */
export const backoff = (attempt: number, firstMs = 500, mostMs = 30_000): number =>
  Math.random() * Math.min(mostMs, firstMs * 2 ** Math.min(attempt, 16));
