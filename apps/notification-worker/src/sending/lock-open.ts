import type { EntityManager } from 'typeorm';

/**
 * Locks those of these notifications that are not settled, in the order of their ids: whoever opens, settles or
 * withdraws the same ones takes turns, and reads in the next statement what the others did.
 * @returns their ids
 */
export async function lockOpen(manager: EntityManager, notificationIds: string[]): Promise<string[]> {
  const rows = await manager.query<{ id: string }[]>(
    `SELECT id FROM notifications WHERE id = ANY ($1) AND settled_at IS NULL ORDER BY id FOR NO KEY UPDATE`,
    [notificationIds],
  );
  return rows.map(({ id }) => id);
}
