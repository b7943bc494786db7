/** Nobody reads a larger number off a badge, and counting a million takes a quarter of a second a conversation. */
const MOST_UNREAD = 1_000;
/** Above the read mark: somebody may have written this many without reading. */
const MOST_LOOKED_AT = 10_000;

/**
 * SQL for how many messages of others in the conversation `c` its member `m` has not read, up to 1,000; 0 for who
 * is none. By messages_pkey.
 */
export const UNREAD = `(SELECT count(*)::int FROM (
    SELECT FROM (
      SELECT t.sender_id FROM messages t WHERE t.conversation_id = c.id AND t.seq > m.last_read_seq
      ORDER BY t.seq LIMIT ${MOST_LOOKED_AT}) above
    WHERE above.sender_id IS DISTINCT FROM m.person_id LIMIT ${MOST_UNREAD}) others)`;
