import { enqueue } from '@kindline/database';
import type { EntityManager } from 'typeorm';
import { announce } from '../announcements/announcement';
import type { Given } from '../matching/least-loaded';
import type { Program } from '../programs/program';

/**
 * Makes helpers members of conversations that the transaction has locked; these wait no more.
 * @param pushDueAt when they are told by push of what they have not read by then; null for what they did themselves
 */
export async function joinAsHelpers(
  manager: EntityManager,
  program: Program,
  given: readonly Given[],
  { now, pushDueAt }: { now: Date; pushDueAt: Date | null },
): Promise<void> {
  const ids = given.map(({ id }) => id);
  await manager.query(
    `WITH joined AS (
      INSERT INTO conversation_members (conversation_id, person_id, role, program, joined_at, joined_seq, push_due_at)
      SELECT c.id, g.helper_id, 'helper', $3, $4, c.last_seq, $5
      FROM unnest($1::uuid[], $2::uuid[]) AS g (conversation_id, helper_id)
      JOIN conversations c ON c.id = g.conversation_id
    )
    UPDATE conversations SET waiting_since = NULL, version = version + 1 WHERE id = ANY ($1)`,
    [ids, given.map(({ helperId }) => helperId), program.name, now, pushDueAt],
  );
  await enqueue(
    manager,
    ...ids.map((conversationId) => announce({ task: 'conversation.changed', conversationId })),
  );
}
