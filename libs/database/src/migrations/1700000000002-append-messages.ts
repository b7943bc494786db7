import type { MigrationInterface, QueryRunner } from 'typeorm';
import { appendFunction } from './append-function';

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
    await runner.query(appendFunction('append_messages', { careful: false, throttle: true }));
    await runner.query(appendFunction('append_messages_again', { careful: true, throttle: true }));
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
