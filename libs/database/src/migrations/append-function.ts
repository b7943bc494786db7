/**
 * The SQL of `append_messages` and of its careful sister.
 * @param throttle whether each conversation keeps a least distance of two pushes of its own, as it once did
 */
export function appendFunction(
  name: string,
  { careful, throttle }: { careful: boolean; throttle: boolean },
): string {
  // Duplicates: stored before, or the same client id earlier in this batch.
  const duplicates = careful
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
  const accepted = `c.status = 'active' AND m.open${
    careful
      ? ` AND NOT EXISTS (SELECT FROM earlier e WHERE e.ord = i.ord)
          AND NOT EXISTS (SELECT FROM repeated r WHERE r.ord = i.ord)`
      : ''
  }`;
  const answer = careful
    ? `SELECT n.ord,
        CASE WHEN e.ord IS NOT NULL OR first.seq IS NOT NULL THEN 'duplicate' ELSE ${OUTCOME} END,
        coalesce(e.id, first.id, n.id), coalesce(e.seq, first.seq, n.seq), coalesce(e.created_at, p_now)
      FROM numbered n
      LEFT JOIN earlier e ON e.ord = n.ord
      LEFT JOIN repeated r ON r.ord = n.ord
      LEFT JOIN numbered first ON first.ord = r.first_ord
      ORDER BY n.ord`
    : `SELECT n.ord, ${OUTCOME}, n.id, n.seq, p_now FROM numbered n ORDER BY n.ord`;
  const soon = 'p_now + make_interval(secs => p_push_delay_ms / 1000.0)';
  const due = throttle
    ? `greatest(
          ${soon},
          m.last_push_at + make_interval(secs => a.every_ms / 1000.0))`
    : soon;
  const absent = throttle
    ? `unnest(p_absent_conversation_ids, p_absent_person_ids, p_push_every_ms)
          AS a (conversation_id, person_id, every_ms)`
    : 'unnest(p_absent_conversation_ids, p_absent_person_ids) AS a (conversation_id, person_id)';
  // The planner knows nothing of the arrays' lengths, and a plan made while the tables are small is kept by
  // the connection: for at most some hundred rows by key, only nested loops over indexes are right.
  return `
    CREATE FUNCTION ${name}(
      p_ids uuid[], p_conversation_ids uuid[], p_sender_ids uuid[], p_client_ids text[], p_types text[],
      p_contents text[], p_replies jsonb[],
      p_absent_conversation_ids uuid[], p_absent_person_ids uuid[], ${throttle ? 'p_push_every_ms int[], ' : ''}p_push_delay_ms int,
      p_now timestamptz
    ) RETURNS TABLE (ord bigint, outcome text, id uuid, seq int, created_at timestamptz)
    LANGUAGE plpgsql VOLATILE
    SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
    AS $$
    #variable_conflict use_column
    BEGIN
      PERFORM FROM conversations c WHERE c.id = ANY (p_conversation_ids) ORDER BY c.id FOR NO KEY UPDATE;

      RETURN QUERY
      WITH input AS ${careful ? 'MATERIALIZED' : 'NOT MATERIALIZED'} (
        SELECT * FROM unnest(p_ids, p_conversation_ids, p_sender_ids, p_client_ids, p_types, p_contents, p_replies)
          WITH ORDINALITY AS i (id, conversation_id, sender_id, client_id, type, content, reply_to, ord)
      ), ${duplicates}
      judged AS (
        SELECT i.*, c.status, c.last_seq, m.open, ${accepted} AS accepted
        FROM input i
        LEFT JOIN conversations c ON c.id = i.conversation_id
        LEFT JOIN conversation_members m ON m.conversation_id = i.conversation_id AND m.person_id = i.sender_id
      ), numbered AS MATERIALIZED (
        SELECT j.*, CASE WHEN j.accepted THEN (j.last_seq + count(*) FILTER (WHERE j.accepted)
          OVER (PARTITION BY j.conversation_id ORDER BY j.ord ROWS UNBOUNDED PRECEDING))::int END AS seq
        FROM judged j
      ), inserted AS (
        INSERT INTO messages (conversation_id, seq, id, sender_id, client_id, type, content, reply_to, created_at)
        SELECT n.conversation_id, n.seq, n.id, n.sender_id, n.client_id, n.type, n.content, n.reply_to, p_now
        FROM numbered n WHERE n.seq IS NOT NULL
      ), moved AS (
        UPDATE conversations c SET last_seq = heads.seq, last_message_at = p_now,
          last_activity_at = greatest(c.last_activity_at, p_now)
        FROM (SELECT n.conversation_id, max(n.seq) AS seq FROM numbered n WHERE n.seq IS NOT NULL
          GROUP BY n.conversation_id) heads
        WHERE c.id = heads.conversation_id
      )
      ${answer};

      IF cardinality(p_absent_person_ids) > 0 THEN
        UPDATE conversation_members m
        SET push_due_at = ${due}
        FROM ${absent}
        JOIN conversations c ON c.id = a.conversation_id
        WHERE m.conversation_id = a.conversation_id AND m.person_id = a.person_id
          AND m.open AND m.push_due_at IS NULL
          AND EXISTS (SELECT FROM messages s
            WHERE s.conversation_id = a.conversation_id AND s.seq > c.last_seq - cardinality(p_ids)
              AND s.id = ANY (p_ids) AND s.sender_id <> a.person_id);
      END IF;
    END $$`;
}

const OUTCOME = `CASE
          WHEN n.seq IS NOT NULL THEN 'stored'
          WHEN n.status IS NULL THEN 'not_found'
          WHEN n.open IS NULL THEN 'forbidden'
          WHEN n.status <> 'active' THEN 'conversation_ended'
          ELSE 'forbidden'
        END`;
