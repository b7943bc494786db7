import { KindlineError } from '@kindline/contracts';
import type { EntityManager } from 'typeorm';
import type { Program } from '../programs/program';

/** Nest token: for how many milliseconds a helper's role counts after a token last carried it. */
export const HELPER_SEEN_WITHIN = Symbol('HELPER_SEEN_WITHIN');

/**
 * Locks a helper's row and then, in the next statement and so in a fresh snapshot, counts their open
 * conversations in this program: two acceptances of one helper run one after the other.
 * @throws forbidden when they may not help (any more), at_capacity when they hold all they can.
 */
export async function lockHelperWithRoom(
  manager: EntityManager,
  program: Program,
  helperId: string,
  seenSince: Date,
): Promise<void> {
  const [profile] = await manager.query<{ active: boolean; capacity: number | null }[]>(
    `SELECT active, (capacities ->> $2)::int AS capacity FROM helper_profiles WHERE person_id = $1 FOR UPDATE`,
    [helperId, program.name],
  );
  if (!profile?.active) throw new KindlineError('forbidden', 'You are not an active helper');
  const [load] = await manager.query<{ seen: boolean; open: string }[]>(
    `SELECT EXISTS (SELECT FROM person_roles WHERE person_id = $1 AND role = $2 AND seen_at > $3) AS seen,
      (SELECT count(*) FROM conversation_members
        WHERE person_id = $1 AND program = $4 AND open AND role = 'helper') AS open`,
    [helperId, program.helperRole, seenSince, program.name],
  );
  if (!load?.seen)
    throw new KindlineError('forbidden', `You have not been seen as ${program.helperRole} lately`);
  if (Number(load.open) >= (profile.capacity ?? program.capacity)) throw new KindlineError('at_capacity');
}
