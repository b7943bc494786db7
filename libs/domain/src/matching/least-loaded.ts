import type { EntityManager } from 'typeorm';
import type { Program } from '../programs/program';

/** A helper who may take `room` more. */
export interface Free {
  person_id: string;
  load: number;
  room: number;
}

export interface Waiting {
  id: string;
  seeker_id: string;
}

export interface Given {
  id: string;
  helperId: string;
}

/** What `h.person_id` holds as a helper in the program `$1`. Uses conversation_members_open. */
export const CONVERSATIONS_HELD = `SELECT count(*)::int AS open FROM conversation_members m
  WHERE m.person_id = h.person_id AND m.program = $1 AND m.open AND m.role = 'helper'`;
/** The same of anonymous sessions. Uses anonymous_sessions_load. */
export const SESSIONS_HELD = `SELECT count(*)::int AS open FROM anonymous_sessions s
  WHERE s.helper_id = h.person_id AND s.program = $1 AND s.status = 'active'`;

/**
 * Those of these helpers who may help and have room, the least loaded first, and of those alike random ones by the
 * seed.
 * @param load SQL that counts as `open` what `h.person_id` holds in the program `$1`
 */
export async function freeHelpers(
  manager: EntityManager,
  program: Program,
  load: string,
  { among, seenSince, seed }: { among: readonly string[]; seenSince: Date; seed: string },
): Promise<Free[]> {
  return manager.query<Free[]>(
    `SELECT h.person_id, load.open AS load, coalesce((h.capacities ->> $1)::int, $2) - load.open AS room
    FROM helper_profiles h
    JOIN person_roles r ON r.person_id = h.person_id AND r.role = $3 AND r.seen_at > $4
    CROSS JOIN LATERAL (${load}) load
    WHERE h.person_id = ANY ($5) AND h.active AND load.open < coalesce((h.capacities ->> $1)::int, $2)
    ORDER BY load.open, md5(h.person_id::text || $6)`,
    [program.name, program.capacity, program.helperRole, seenSince, among, seed],
  );
}

/** The queue's head to the least loaded, again and again; nobody helps themselves. */
export function distribute(queue: readonly Waiting[], helpers: readonly Free[]): Given[] {
  const given: Given[] = [];
  const left = helpers.map((helper) => ({ ...helper }));
  for (const { id, seeker_id } of queue) {
    const able = left.filter(({ room, person_id }) => room > 0 && person_id !== seeker_id);
    const least = able.reduce<Free | undefined>(
      (best, helper) => (best && best.load <= helper.load ? best : helper),
      undefined,
    );
    if (!least) continue;
    least.load++;
    least.room--;
    given.push({ id, helperId: least.person_id });
  }
  return given;
}
