import { enqueue } from '@kindline/database';
import type { EntityManager } from 'typeorm';
import type { Program } from '../programs/program';

/** One helper more can take but a few; the others wait for their next round. */
const MOST = 10;

/** Requests for which nobody is being asked, the longest waiting first. Uses help_requests_pending. */
export function unaskedRequests(
  manager: Pick<EntityManager, 'query'>,
  program: Program,
): Promise<{ id: string; round: number }[]> {
  return manager.query(
    `SELECT r.id, r.round FROM help_requests r WHERE r.program = $1 AND r.status = 'pending'
      AND NOT EXISTS (SELECT FROM invitations i WHERE i.request_id = r.id AND i.status = 'invited')
    ORDER BY r.created_at LIMIT $2`,
    [program.name, MOST],
  );
}

/** A helper may have room now: whoever waits while nobody is asked need not wait for the next round. */
export async function askForUnasked(manager: EntityManager, program: Program, now: Date): Promise<void> {
  if (program.reinviteEvery === null || (await unaskedRequests(manager, program)).length === 0) return;
  // Not here: other requests' locks are none of this transaction's business.
  await enqueue(manager, {
    queue: 'timers',
    task: 'requests.unasked',
    payload: { program: program.name },
    runAt: now,
  });
}
