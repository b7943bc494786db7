import type { EntityManager } from 'typeorm';

/** Entries of the audit log that say who took part in an anonymous session; they go when it is forgotten. */
export const AUDITED_SESSIONS = `(action LIKE '% /api/chat/sessions%' OR action = 'POST /api/chat/request-session')`;

/**
 * Forgets what backends did for these people since a session began, as far as it leads to one. Other sessions of
 * theirs at the same time cannot be told apart: rather one entry too few.
 */
export async function forgetAudit(
  manager: EntityManager,
  people: readonly { personId: string; since: Date }[],
): Promise<void> {
  await manager.query(
    `DELETE FROM audit_log a USING unnest($1::uuid[], $2::timestamptz[]) AS gone (person_id, since)
    WHERE a.at >= gone.since - interval '1 minute' AND a.person_id = gone.person_id AND ${AUDITED_SESSIONS}`,
    [people.map(({ personId }) => personId), people.map(({ since }) => since)],
  );
}
