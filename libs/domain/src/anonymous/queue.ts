import type { EntityManager } from 'typeorm';

/** In which order waiting sessions are served: those whose helper was lost first, then who came first. */
export const queueOrder = (session: string): string =>
  `NOT ${session}.returned, ${session}.created_at, ${session}.id`;

/** A session's place in the queue, from 1; null when it does not wait. */
export const queuePosition = (session: string): string => `CASE WHEN ${session}.status = 'queued' THEN (
  SELECT count(*)::int FROM anonymous_sessions q
  WHERE q.program = ${session}.program AND q.status = 'queued' AND (${queueOrder('q')}) <= (${queueOrder(session)})) END`;

/**
 * Until the transaction's end nobody joins the queue and nobody else serves it, on any replica: its order and
 * everybody's room are then what the next statements see. It is held for a few milliseconds.
 */
export async function lockQueue(manager: EntityManager): Promise<void> {
  await manager.query(`SELECT pg_advisory_xact_lock(hashtextextended('anonymous_sessions', 0))`);
}

/** To be held by whoever joins the queue, before they say since when: so that nobody is served in their place. */
export async function joinQueue(manager: EntityManager): Promise<void> {
  await manager.query(`SELECT pg_advisory_xact_lock_shared(hashtextextended('anonymous_sessions', 0))`);
}
