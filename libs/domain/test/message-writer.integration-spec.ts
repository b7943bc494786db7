import { KindlineError } from '@kindline/contracts';
import { createPool, uuidV7 } from '@kindline/database';
import { createTestDatabase, eventually, type TestDatabase } from '@kindline/testing';
import { systemClock } from '@kindline/platform';
import { type Pool, type PoolClient } from 'pg';
import { MessageWriter, type NewMessage, PUSH_DELAY_MS, type QueryRunner, type StoredMessage } from '../src';

jest.setTimeout(60_000);

interface Chat {
  id: string;
  seeker: string;
  helper: string;
}

type Outcome = { stored: StoredMessage } | { refused: unknown };

describe('MessageWriter on a real Postgres', () => {
  let database: TestDatabase;
  let pool: Pool;

  beforeAll(async () => {
    database = await createTestDatabase();
    pool = createPool(database.url, 'test', 8);
  });
  afterAll(async () => {
    await pool.end();
    await database.drop();
  });

  async function person(): Promise<string> {
    const id = uuidV7();
    await pool.query(
      'INSERT INTO people (id, sub, registered_at, created_at) VALUES ($1, $2, now(), now())',
      [id, id],
    );
    return id;
  }

  async function chat(): Promise<Chat> {
    const [id, seeker, helper] = [uuidV7(), await person(), await person()];
    await pool.query(
      `INSERT INTO conversations (id, program, status, created_at, last_activity_at)
      VALUES ($1, 'better_together', 'active', now(), now())`,
      [id],
    );
    await pool.query(
      `INSERT INTO conversation_members (conversation_id, person_id, role, program, joined_at)
      VALUES ($1, $2, 'seeker', 'better_together', now()), ($1, $3, 'helper', 'better_together', now())`,
      [id, seeker, helper],
    );
    return { id, seeker, helper };
  }

  const end = (chatId: string, runner: Pool | PoolClient = pool): Promise<unknown> =>
    runner.query(
      `WITH ended AS (UPDATE conversations SET status = 'ended', ended_at = now(), ended_by = 'seeker',
        end_reason = 'ended_by_user' WHERE id = $1)
      UPDATE conversation_members SET open = false WHERE conversation_id = $1`,
      [chatId],
    );

  function writer(runner: QueryRunner = pool, lanes = 2) {
    const appended: NewMessage[][] = [];
    const own = new MessageWriter<NewMessage>({
      pool: runner,
      clock: systemClock,
      prepare: (messages) => messages.map(() => ({ absent: [] })),
      onAppended: (stored) => appended.push(stored.map(({ message }) => message)),
      lanes,
    });
    return { writer: own, appended };
  }

  const text = (chatOf: Chat, content: string, more: Partial<NewMessage> = {}): NewMessage => ({
    conversationId: chatOf.id,
    senderId: chatOf.seeker,
    type: 'text',
    content,
    replyTo: null,
    ...more,
  });

  /** All at once, in this order: what fits makes one batch. */
  const appendAll = (own: MessageWriter, messages: NewMessage[]): Promise<Outcome[]> =>
    Promise.all(
      messages.map((message) =>
        own.append(message).then(
          (stored): Outcome => ({ stored }),
          (refused: unknown): Outcome => ({ refused }),
        ),
      ),
    );

  const seqs = (outcomes: Outcome[]): (number | undefined)[] =>
    outcomes.map((outcome) => ('stored' in outcome ? outcome.stored.seq : undefined));

  const codes = (outcomes: Outcome[]): unknown[] =>
    outcomes.map((outcome) =>
      'stored' in outcome
        ? 'stored'
        : outcome.refused instanceof KindlineError
          ? outcome.refused.code
          : outcome.refused,
    );

  async function history(chatId: string): Promise<{ seq: number; id: string; content: string }[]> {
    const { rows } = await pool.query<{ seq: number; id: string; content: string }>(
      'SELECT seq, id, content FROM messages WHERE conversation_id = $1 ORDER BY seq',
      [chatId],
    );
    return rows;
  }

  /** A transaction of somebody else, and whether a call of the writer waits for its locks. */
  async function elsewhere(work: (client: PoolClient, awaited: () => Promise<boolean>) => Promise<void>) {
    const client = await pool.connect();
    const waiting = `SELECT FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%append_messages%'`;
    try {
      await client.query('BEGIN');
      await work(client, () =>
        eventually('the writer waits', async () => (await pool.query(waiting)).rows.length === 1),
      );
    } finally {
      await client.query('ROLLBACK');
      client.release();
    }
  }

  const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

  it('numbers a conversation in the order in which its messages were handed over, over several batches', async () => {
    const own = await chat();
    const { writer: writing, appended } = writer();
    const outcomes = await appendAll(
      writing,
      upTo(300).map((n) => text(own, `message ${n}`)),
    );
    expect(seqs(outcomes)).toEqual(upTo(300));
    expect((await history(own.id)).map(({ content }) => content)).toEqual(
      upTo(300).map((n) => `message ${n}`),
    );
    expect(appended.map(({ length }) => length)).toEqual([128, 128, 44]);
    const { rows } = await pool.query('SELECT last_seq FROM conversations WHERE id = $1', [own.id]);
    expect(rows).toEqual([{ last_seq: 300 }]);
    expect(writing.pending).toBe(0);
  });

  it('stores a client id that comes twice in one batch once, and answers both alike', async () => {
    const own = await chat();
    const { writer: writing, appended } = writer();
    const outcomes = await appendAll(writing, [
      text(own, 'a', { clientId: 'one' }),
      text(own, 'b'),
      text(own, 'a again', { clientId: 'one' }),
      text(own, 'the same id of somebody else', { clientId: 'one', senderId: own.helper }),
      text(own, 'c'),
    ]);
    expect(seqs(outcomes)).toEqual([1, 2, 1, 3, 4]);
    expect(outcomes.map((outcome) => 'stored' in outcome && outcome.stored.duplicate)).toEqual([
      false,
      false,
      true,
      false,
      false,
    ]);
    expect((await history(own.id)).map(({ content }) => content)).toEqual([
      'a',
      'b',
      'the same id of somebody else',
      'c',
    ]);
    expect(appended).toHaveLength(1);
    expect(appended[0]).toHaveLength(4);
  });

  it('takes the same client id in another conversation for another message', async () => {
    const [own, other] = [await chat(), await chat()];
    await pool.query('UPDATE conversation_members SET person_id = $1 WHERE person_id = $2', [
      own.seeker,
      other.seeker,
    ]);
    const outcomes = await appendAll(writer(pool, 1).writer, [
      text(own, 'here', { clientId: 'one' }),
      text(own, 'there', { clientId: 'one', conversationId: other.id }),
    ]);
    expect(outcomes.map((outcome) => 'stored' in outcome && outcome.stored.duplicate)).toEqual([
      false,
      false,
    ]);
    expect((await history(other.id)).map(({ content }) => content)).toEqual(['there']);
  });

  it('takes the same client id of somebody else for another message, also beside a retry', async () => {
    const own = await chat();
    const { writer: writing } = writer();
    await appendAll(writing, [text(own, 'mine', { clientId: 'one' })]);
    const outcomes = await appendAll(writing, [
      text(own, 'mine', { clientId: 'one' }),
      text(own, 'yours', { clientId: 'one', senderId: own.helper }),
    ]);
    expect(seqs(outcomes)).toEqual([1, 2]);
    expect((await history(own.id)).map(({ content }) => content)).toEqual(['mine', 'yours']);
  });

  it('answers a retry among new messages with the first id and seq, and leaves no hole', async () => {
    const own = await chat();
    const { writer: writing, appended } = writer();
    const [first] = await appendAll(writing, [text(own, 'a', { clientId: 'one' })]);
    const outcomes = await appendAll(writing, [
      text(own, 'b', { clientId: 'two' }),
      text(own, 'a', { clientId: 'one' }),
      text(own, 'c', { clientId: 'three' }),
      text(own, 'a', { clientId: 'one' }),
    ]);
    expect(seqs(outcomes)).toEqual([2, 1, 3, 1]);
    if (!first || !('stored' in first)) throw new Error('not stored');
    expect(outcomes[1]).toEqual({ stored: { ...first.stored, duplicate: true } });
    expect(outcomes[3]).toEqual({ stored: { ...first.stored, duplicate: true } });
    // News of a message go out once.
    expect(appended.flat().map(({ content }) => content)).toEqual(['a', 'b', 'c']);
  });

  it('stores each client id once when two writers race for all of them, without a gap', async () => {
    const chats = await Promise.all(upTo(4).map(() => chat()));
    const messages = upTo(100).flatMap((n) => chats.map((own) => text(own, `m${n}`, { clientId: `c${n}` })));
    const [here, there] = [writer(), writer()];
    const [left, right] = await Promise.all([
      appendAll(here.writer, messages),
      appendAll(there.writer, [...messages].reverse()),
    ]);
    expect(codes([...left, ...right])).toEqual([...left, ...right].map(() => 'stored'));
    const answers = (outcomes: Outcome[]): unknown[] =>
      outcomes.map((outcome) => 'stored' in outcome && [outcome.stored.id, outcome.stored.seq]);
    expect(answers(left)).toEqual(answers(right.reverse()));
    for (const own of chats) {
      const stored = await history(own.id);
      expect(stored.map(({ seq }) => seq)).toEqual(upTo(100));
      expect(new Set(stored.map(({ content }) => content)).size).toBe(100);
    }
    expect([...here.appended, ...there.appended].flat()).toHaveLength(400);
  });

  it('lets six writers into one conversation at once, batch after batch, and numbers without a gap', async () => {
    const own = await chat();
    const writers = upTo(6).map(() => writer());
    for (let round = 0; round < 10; round++) {
      const outcomes = await Promise.all(
        writers.map(({ writer: writing }, index) =>
          appendAll(writing, [
            ...upTo(5).map((n) => text(own, 'shared', { clientId: `${round}-${n}` })),
            ...upTo(5).map((n) => text(own, `own ${index}-${round}-${n}`)),
          ]),
        ),
      );
      expect(new Set(outcomes.flatMap(codes))).toEqual(new Set(['stored']));
    }
    const stored = await history(own.id);
    expect(stored.map(({ seq }) => seq)).toEqual(upTo(10 * 5 + 10 * 6 * 5));
  });

  it('waits for another writer of the conversation instead of running into its numbers', async () => {
    const own = await chat();
    const calls: string[] = [];
    const runner: QueryRunner = {
      query: async <Row>(query: Parameters<QueryRunner['query']>[0]) => {
        calls.push(query.name);
        return { rows: (await pool.query(query)).rows as Row[] };
      },
    };
    await elsewhere(async (client, awaited) => {
      expect(seqs(await appendAll(writer(client).writer, [text(own, 'a')]))).toEqual([1]);
      const second = appendAll(writer(runner).writer, [text(own, 'b')]);
      await awaited();
      await client.query('COMMIT');
      expect(seqs(await second)).toEqual([2]);
    });
    expect(calls).toEqual(['append']);
  });

  it('stores nothing in a conversation that is being ended at that moment', async () => {
    const own = await chat();
    await elsewhere(async (client, awaited) => {
      await end(own.id, client);
      const late = appendAll(writer().writer, [text(own, 'too late')]);
      await awaited();
      await client.query('COMMIT');
      expect(codes(await late)).toEqual(['conversation_ended']);
    });
    expect(await history(own.id)).toEqual([]);
  });

  it('locks the conversations of a batch in the order of their ids, so that two batches never dead-lock', async () => {
    const [first, second] = [await chat(), await chat()].sort((a, b) => (a.id < b.id ? -1 : 1));
    if (!first || !second) throw new Error('two were made');
    const lock = 'SELECT FROM conversations WHERE id = $1 FOR NO KEY UPDATE';
    await elsewhere(async (client, awaited) => {
      await client.query(lock, [first.id]);
      const both = appendAll(writer(pool, 1).writer, [text(second, 'b'), text(first, 'a')]);
      await awaited();
      await expect(client.query(`${lock} NOWAIT`, [second.id])).resolves.toBeDefined();
      await client.query('COMMIT');
      expect(codes(await both)).toEqual(['stored', 'stored']);
    });
  });

  it('refuses the one message whose text Postgres cannot hold, and stores its whole batch beside it', async () => {
    const [own, other] = [await chat(), await chat()];
    const { writer: writing } = writer();
    const batch = upTo(40).map((n) => text(n % 2 ? own : other, n === 17 ? 'bad \u0000' : `m${n}`));
    const outcomes = await appendAll(writing, batch);
    expect(codes(outcomes).filter((code) => code !== 'stored')).toEqual([
      expect.objectContaining({ code: '22021' }),
    ]);
    expect(outcomes[16]).toHaveProperty('refused');
    expect((await history(own.id)).map(({ seq }) => seq)).toEqual(upTo(19));
    expect((await history(own.id)).map(({ content }) => content)).toEqual(
      batch.flatMap(({ conversationId, content }, index) =>
        conversationId === own.id && index !== 16 ? [content] : [],
      ),
    );
    expect((await history(other.id)).map(({ seq }) => seq)).toEqual(upTo(20));
  });

  it('refuses unknown conversations, strangers and ended conversations one by one', async () => {
    const [own, over] = [await chat(), await chat()];
    await end(over.id);
    const { writer: writing } = writer();
    const outcomes = await appendAll(writing, [
      text(own, 'a'),
      text(own, 'b', { conversationId: uuidV7() }),
      text(own, 'c', { senderId: over.seeker }),
      text(over, 'd'),
      text(own, 'e', { conversationId: 'no uuid' }),
      text(own, 'f'),
    ]);
    expect(codes(outcomes)).toEqual([
      'stored',
      'not_found',
      'forbidden',
      'conversation_ended',
      'not_found',
      'stored',
    ]);
    expect((await history(own.id)).map(({ seq, content }) => [seq, content])).toEqual([
      [1, 'a'],
      [2, 'f'],
    ]);
  });

  it('answers the retry of a stored message also after the conversation has ended', async () => {
    const own = await chat();
    const { writer: writing, appended } = writer();
    const [first] = await appendAll(writing, [text(own, 'goodbye', { clientId: 'last' })]);
    await end(own.id);
    const outcomes = await appendAll(writing, [
      text(own, 'too late', { clientId: 'later' }),
      text(own, 'goodbye', { clientId: 'last' }),
    ]);
    expect(codes(outcomes)).toEqual(['conversation_ended', 'stored']);
    if (!first || !('stored' in first)) throw new Error('not stored');
    expect(outcomes[1]).toEqual({ stored: { ...first.stored, duplicate: true } });
    expect(appended.flat()).toHaveLength(1);
  });

  it('fails a whole batch at once when the connection is lost, and takes the next one', async () => {
    const own = await chat();
    let calls = 0;
    const runner: QueryRunner = {
      query: async <Row>(query: Parameters<QueryRunner['query']>[0]) => {
        calls++;
        if (calls === 1)
          throw Object.assign(new Error('Connection terminated unexpectedly'), { code: 'ECONNRESET' });
        const { rows } = await pool.query(query);
        return { rows: rows as Row[] };
      },
    };
    const { writer: writing } = writer(runner);
    const lost = await appendAll(
      writing,
      upTo(20).map((n) => text(own, `m${n}`)),
    );
    expect([calls, lost.every((outcome) => 'refused' in outcome)]).toEqual([1, true]);
    const again = await appendAll(
      writing,
      upTo(20).map((n) => text(own, `m${n}`)),
    );
    expect(seqs(again)).toEqual(upTo(20));
  });

  it('marks an absent member once, and nobody for their own message', async () => {
    const own = await chat();
    const writing = new MessageWriter<NewMessage>({
      pool,
      clock: systemClock,
      prepare: (messages) => messages.map(() => ({ absent: [own.helper] })),
      onAppended: () => undefined,
    });
    const due = async (): Promise<Date | null | undefined> => {
      const { rows } = await pool.query<{ push_due_at: Date | null }>(
        `SELECT push_due_at FROM conversation_members WHERE conversation_id = $1 AND person_id = $2`,
        [own.id, own.helper],
      );
      return rows[0]?.push_due_at;
    };
    const { createdAt } = await writing.append(text(own, 'a'));
    const first = await due();
    expect(first).toEqual(new Date(createdAt.getTime() + PUSH_DELAY_MS));
    await writing.append(text(own, 'b'));
    expect(await due()).toEqual(first);
    await pool.query(`UPDATE conversation_members SET push_due_at = NULL WHERE person_id = $1`, [own.helper]);
    await writing.append(text(own, 'c', { senderId: own.helper }));
    expect(await due()).toBeNull();
  });
});
