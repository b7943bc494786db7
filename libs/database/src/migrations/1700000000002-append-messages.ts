import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * `append_messages`: a batch of messages in one call, several statements inside it. One READ COMMITTED
 * statement would number and de-duplicate against the snapshot from before its lock wait, so the
 * conversations are locked first (in id order: two batches never dead-lock) and the rest runs in a fresh
 * snapshot. It is optimistic: a client id that is stored already raises unique_violation, and the caller
 * runs `append_messages_again`, which looks for duplicates. Both answer one row per input, in order:
 * outcome is stored, duplicate, not_found, forbidden or conversation_ended.
 */
export class AppendMessages1700000000002 implements MigrationInterface {
  name = 'AppendMessages1700000000002';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(appendFunction('append_messages', { careful: false }));
    await runner.query(appendFunction('append_messages_again', { careful: true }));
    await runner.query(`
      CREATE FUNCTION delete_messages_of_conversation() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        DELETE FROM messages WHERE conversation_id = OLD.id;
        RETURN NULL;
      END $$`);
    await runner.query(`
      CREATE TRIGGER conversations_delete_messages AFTER DELETE ON conversations
      FOR EACH ROW EXECUTE FUNCTION delete_messages_of_conversation()`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TRIGGER conversations_delete_messages ON conversations`);
    await runner.query(
      `DROP FUNCTION delete_messages_of_conversation, append_messages, append_messages_again`,
    );
  }
}

function appendFunction(name: string, { careful }: { careful: boolean }): string {
  // Duplicates: stored before, or the same client id earlier in this batch.
  const earlier = careful
    ? `earlier AS MATERIALIZED (
        SELECT i.ord, s.id, s.seq, s.created_at
        FROM input i
        JOIN messages s ON s.conversation_id = i.conversation_id AND s.sender_id = i.sender_id
          AND s.client_id = i.client_id
      ), repeated AS MATERIALIZED (
        SELECT i.ord, min(o.ord) AS first_ord
        FROM input i
        JOIN input o ON o.conversation_id = i.conversation_id AND o.sender_id = i.sender_id
          AND o.client_id = i.client_id AND o.ord < i.ord
        GROUP BY i.ord
      ),`
    : '';
  const isNew = careful
    ? `WHERE NOT EXISTS (SELECT FROM earlier e WHERE e.ord = i.ord)
          AND NOT EXISTS (SELECT FROM repeated r WHERE r.ord = i.ord)`
    : '';
  const answer = careful
    ? `SELECT i.ord,
        CASE WHEN e.ord IS NOT NULL OR first.ord IS NOT NULL THEN 'duplicate' ELSE ${outcome} END,
        coalesce(e.id, first.id, n.id), coalesce(e.seq, first.seq, n.seq),
        coalesce(e.created_at, CASE WHEN coalesce(first.ord, n.ord) IS NOT NULL THEN p_now END)
      FROM input i
      LEFT JOIN numbered n ON n.ord = i.ord
      LEFT JOIN earlier e ON e.ord = i.ord
      LEFT JOIN repeated r ON r.ord = i.ord
      LEFT JOIN numbered first ON first.ord = r.first_ord
      LEFT JOIN conversations c ON c.id = i.conversation_id
      ORDER BY i.ord`
    : `SELECT i.ord, ${outcome}, n.id, n.seq, CASE WHEN n.ord IS NOT NULL THEN p_now END
      FROM input i
      LEFT JOIN numbered n ON n.ord = i.ord
      LEFT JOIN conversations c ON n.ord IS NULL AND c.id = i.conversation_id
      ORDER BY i.ord`;
  return `
    CREATE FUNCTION ${name}(
      p_ids uuid[], p_conversation_ids uuid[], p_sender_ids uuid[], p_client_ids text[], p_types text[],
      p_contents text[], p_replies jsonb[],
      p_absent_conversation_ids uuid[], p_absent_person_ids uuid[], p_push_every_ms int[], p_push_delay_ms int,
      p_now timestamptz
    ) RETURNS TABLE (ord bigint, outcome text, id uuid, seq int, created_at timestamptz)
    LANGUAGE plpgsql VOLATILE AS $$
    #variable_conflict use_column
    BEGIN
      PERFORM FROM conversations c WHERE c.id = ANY (p_conversation_ids) ORDER BY c.id FOR NO KEY UPDATE;

      RETURN QUERY
      WITH input AS MATERIALIZED (
        SELECT * FROM unnest(p_ids, p_conversation_ids, p_sender_ids, p_client_ids, p_types, p_contents, p_replies)
          WITH ORDINALITY AS i (id, conversation_id, sender_id, client_id, type, content, reply_to, ord)
      ), ${earlier}
      numbered AS MATERIALIZED (
        SELECT i.*, (c.last_seq + row_number() OVER (PARTITION BY i.conversation_id ORDER BY i.ord))::int AS seq
        FROM input i
        JOIN conversations c ON c.id = i.conversation_id AND c.status = 'active'
        JOIN conversation_members m ON m.conversation_id = i.conversation_id AND m.person_id = i.sender_id AND m.open
        ${isNew}
      ), inserted AS (
        INSERT INTO messages (conversation_id, seq, id, sender_id, client_id, type, content, reply_to, created_at)
        SELECT n.conversation_id, n.seq, n.id, n.sender_id, n.client_id, n.type, n.content, n.reply_to, p_now
        FROM numbered n
      ), moved AS (
        UPDATE conversations c SET last_seq = heads.seq, last_message_at = p_now,
          last_activity_at = greatest(c.last_activity_at, p_now)
        FROM (SELECT n.conversation_id, max(n.seq) AS seq FROM numbered n GROUP BY n.conversation_id) heads
        WHERE c.id = heads.conversation_id
      ), due AS (
        UPDATE conversation_members m
        SET push_due_at = greatest(
          p_now + make_interval(secs => p_push_delay_ms / 1000.0),
          m.last_push_at + make_interval(secs => a.every_ms / 1000.0))
        FROM unnest(p_absent_conversation_ids, p_absent_person_ids, p_push_every_ms)
          AS a (conversation_id, person_id, every_ms)
        WHERE m.conversation_id = a.conversation_id AND m.person_id = a.person_id
          AND m.open AND m.push_due_at IS NULL
          AND EXISTS (SELECT FROM numbered n
            WHERE n.conversation_id = a.conversation_id AND n.sender_id <> a.person_id)
      )
      ${answer};
    END $$`;
}

const outcome = `CASE
          WHEN n.ord IS NOT NULL THEN 'stored'
          WHEN c.id IS NULL THEN 'not_found'
          WHEN NOT EXISTS (SELECT FROM conversation_members m
            WHERE m.conversation_id = i.conversation_id AND m.person_id = i.sender_id) THEN 'forbidden'
          WHEN c.status <> 'active' THEN 'conversation_ended'
          ELSE 'forbidden'
        END`;
