import { createPool, uuidV7 } from '@kindline/database';
import type { Infra } from './infra';

const OTHERS = 3_000;
const MESSAGES_OF_OTHERS = 20;
/** Each of the two reads after so many messages. */
const READ_EVERY = 20;

export interface LongConversation {
  id: string;
  /** Has read nothing. */
  helperId: string;
}

/** One conversation with very many messages and some thousand with a few, written straight into the tables. */
export async function makeLongConversation(
  { databaseUrl }: Infra,
  messages: number,
): Promise<LongConversation> {
  const pool = createPool(databaseUrl, 'bench', 1, 120_000);
  const [id, helperId] = [uuidV7(), uuidV7()];
  try {
    await pool.query(
      `INSERT INTO people (id, sub, registered_at, created_at)
      SELECT CASE WHEN n = 1 THEN $1 ELSE gen_random_uuid() END, 'history-' || n, now(), now()
      FROM generate_series(1, $2::int) n`,
      [helperId, 2 * (OTHERS + 1)],
    );
    await pool.query(
      `INSERT INTO conversations (id, program, status, created_at, started_at, last_activity_at, last_message_at, last_seq)
      SELECT CASE WHEN n = 1 THEN $1 ELSE gen_random_uuid() END, 'better_together', 'active', now(), now(), now(), now(),
        CASE WHEN n = 1 THEN $2::int ELSE $3::int END
      FROM generate_series(1, $4::int) n`,
      [id, messages, MESSAGES_OF_OTHERS, OTHERS + 1],
    );
    await pool.query(
      `INSERT INTO conversation_members (conversation_id, person_id, role, program, joined_at, last_read_seq)
      SELECT c.id, p.id, role, 'better_together', now(), CASE WHEN p.id = $2 THEN 0 ELSE c.last_seq END
      FROM (SELECT id, last_seq, row_number() OVER (ORDER BY id <> $1, id) AS nth FROM conversations
        WHERE last_seq IN ($3, $4)) c
      CROSS JOIN (VALUES ('helper', 1), ('seeker', 0)) AS roles (role, before)
      JOIN people p ON p.sub = 'history-' || (c.nth * 2 - before)`,
      [id, helperId, messages, MESSAGES_OF_OTHERS],
    );
    await pool.query(
      `INSERT INTO messages (conversation_id, seq, id, sender_id, client_id, type, content, created_at)
      SELECT c.id, seq, gen_random_uuid(), CASE WHEN seq % 2 = 0 THEN s.person_id ELSE h.person_id END, 'c' || seq, 'text',
        repeat('some words ', 5 + seq % 10), now() - (c.last_seq - seq) * interval '10 s'
      FROM conversations c
      JOIN conversation_members s ON s.conversation_id = c.id AND s.role = 'seeker'
      JOIN conversation_members h ON h.conversation_id = c.id AND h.role = 'helper'
      CROSS JOIN LATERAL generate_series(1, c.last_seq) AS seq
      WHERE s.person_id IN (SELECT id FROM people WHERE sub LIKE 'history-%')`,
    );
    await pool.query(
      `INSERT INTO message_reads (conversation_id, person_id, up_to_seq, read_at)
      SELECT c.id, m.person_id, seq, now() - (c.last_seq - seq) * interval '10 s'
      FROM conversations c
      JOIN conversation_members m ON m.conversation_id = c.id
      CROSS JOIN LATERAL generate_series(CASE m.role WHEN 'seeker' THEN 10 ELSE 20 END, c.last_seq, $1::int) AS seq
      WHERE m.person_id IN (SELECT id FROM people WHERE sub LIKE 'history-%')`,
      [READ_EVERY],
    );
    await pool.query('VACUUM ANALYZE');
    await pool.query('CHECKPOINT');
  } finally {
    await pool.end();
  }
  return { id, helperId };
}
