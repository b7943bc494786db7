import type { HeldNotification } from '@kindline/database';
import type { MemberRole, NewNotification, NotificationMoment, Program } from '@kindline/domain';
import type { EntityManager } from 'typeorm';

/** Something held for somebody. */
export interface HeldPush {
  personId: string;
  held: HeldNotification;
}

/**
 * Of what was held, that which somebody should still be told of, as it is now: a newer message or request than the
 * one that was held takes its place.
 */
export async function stillMatters(
  manager: EntityManager,
  program: Program,
  moment: NotificationMoment,
  pushes: HeldPush[],
): Promise<NewNotification[]> {
  const look = LOOKS[moment];
  if (look) return look(manager, program, pushes);
  return pushes.map(({ personId, held }) => ({ personId, ...held }));
}

type Look = (manager: EntityManager, program: Program, pushes: HeldPush[]) => Promise<NewNotification[]>;

/** Moments that pass; any other one matters for good. */
const LOOKS: Partial<Record<NotificationMoment, Look>> = {
  message_to_seeker: (manager, program, pushes) => unread(manager, program, 'seeker', pushes),
  message_to_helper: (manager, program, pushes) => unread(manager, program, 'helper', pushes),
  request_invited: pending,
  request_accepted: ongoing,
};

/** The open conversation with the newest unread message. Uses conversation_members_open and messages_pkey. */
async function unread(
  manager: EntityManager,
  program: Program,
  role: MemberRole,
  pushes: HeldPush[],
): Promise<NewNotification[]> {
  const rows = await manager.query<
    { person_id: string; conversation_id: string; sender_id: string | null }[]
  >(
    `SELECT DISTINCT ON (m.person_id) m.person_id, m.conversation_id, newest.sender_id
    FROM conversation_members m
    CROSS JOIN LATERAL (
      SELECT t.sender_id, t.created_at FROM messages t
      WHERE t.conversation_id = m.conversation_id AND t.seq > m.last_read_seq
        AND t.sender_id IS DISTINCT FROM m.person_id
      ORDER BY t.seq DESC LIMIT 1
    ) newest
    WHERE m.person_id = ANY ($1) AND m.program = $2 AND m.role = $3 AND m.open
    ORDER BY m.person_id, newest.created_at DESC`,
    [pushes.map(({ personId }) => personId), program.name, role],
  );
  return rows.map(({ person_id, conversation_id, sender_id }) => ({
    personId: person_id,
    conversationId: conversation_id,
    ...(sender_id && { senderId: sender_id }),
  }));
}

/**
 * The newest request that waits for this helper and that they were not pushed yet. Uses help_requests_pending,
 * invitations_pkey and notifications_person.
 */
async function pending(
  manager: EntityManager,
  program: Program,
  pushes: HeldPush[],
): Promise<NewNotification[]> {
  // Who has no invitation is asked where everyone is.
  const uninvited = program.asks === 'everyone_online' ? 'invited' : 'withdrawn';
  const rows = await manager.query<{ person_id: string; request_id: string }[]>(
    `SELECT h.person_id, newest.id AS request_id
    FROM helper_profiles h
    CROSS JOIN LATERAL (
      SELECT r.id FROM help_requests r
      LEFT JOIN invitations i ON i.request_id = r.id AND i.helper_id = h.person_id
      WHERE r.program = $2 AND r.status = 'pending' AND r.seeker_id <> h.person_id
        AND coalesce(i.status, $3) = 'invited'
        AND NOT EXISTS (SELECT FROM notifications n
          WHERE n.person_id = h.person_id AND n.created_at >= r.created_at AND n.request_id = r.id)
      ORDER BY r.created_at DESC LIMIT 1
    ) newest
    WHERE h.person_id = ANY ($1) AND h.active`,
    [pushes.map(({ personId }) => personId), program.name, uninvited],
  );
  return rows.map(({ person_id, request_id }) => ({ personId: person_id, requestId: request_id }));
}

/** Those whose conversation is still active. */
async function ongoing(
  manager: EntityManager,
  _program: Program,
  pushes: HeldPush[],
): Promise<NewNotification[]> {
  const rows = await manager.query<{ id: string }[]>(
    `SELECT id FROM conversations WHERE id = ANY ($1) AND status = 'active'`,
    [pushes.flatMap(({ held }) => held.conversationId ?? [])],
  );
  const active = new Set(rows.map(({ id }) => id));
  return pushes.flatMap(({ personId, held }) =>
    held.conversationId && active.has(held.conversationId) ? [{ personId, ...held }] : [],
  );
}
