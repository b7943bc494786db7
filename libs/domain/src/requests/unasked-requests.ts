import { enqueue } from '@kindline/database';
import type { EntityManager } from 'typeorm';
import type { Program } from '../programs/program';
import { reinviteTimer } from './request-timers';

/** As many are asked for at once; the others at their next round. */
const MOST = 100;

/**
 * Starts the next round of those requests for which nobody is being asked: somebody may be free for them now.
 * Uses help_requests_pending.
 */
export async function askForUnasked(manager: EntityManager, program: Program, now: Date): Promise<void> {
  if (program.reinviteEvery === null) return;
  const unasked = await manager.query<{ id: string; round: number }[]>(
    `SELECT r.id, r.round FROM help_requests r WHERE r.program = $1 AND r.status = 'pending'
      AND NOT EXISTS (SELECT FROM invitations i WHERE i.request_id = r.id AND i.status = 'invited')
    ORDER BY r.created_at LIMIT $2`,
    [program.name, MOST],
  );
  const jobs = unasked.flatMap(({ id, round }) => reinviteTimer(program, id, round, now));
  await enqueue(manager, ...jobs.map((job) => ({ ...job, runAt: now })));
}
