import { isUuid, KindlineError, type ReplyTo } from '@kindline/contracts';
import { arrayLiteral, sqlState, uuidV7 } from '@kindline/database';
import type { Clock } from '@kindline/platform';
import type { EntityManager } from 'typeorm';

/** Most messages of one batch. */
export const BATCH_SIZE = 128;
/** A push waits this long, so that several messages of one moment fold into it. */
export const PUSH_DELAY_MS = 1_000;

const UNIQUE_VIOLATION = '23505';

export interface NewMessage {
  conversationId: string;
  senderId: string;
  clientId?: string | undefined;
  type: 'text' | 'voice';
  content: string;
  replyTo: ReplyTo;
}

/** What is known of a message's conversation just before it is written. */
export interface Prepared {
  /** Members to push to because they are not connected. */
  absent: readonly string[];
}

export interface StoredMessage {
  id: string;
  seq: number;
  createdAt: Date;
  duplicate: boolean;
}

/** What the writer needs of a Postgres connection pool. */
export interface QueryRunner {
  query<Row>(query: { name: string; text: string; values: unknown[] }): Promise<{ rows: Row[] }>;
}

export interface AppendedResult<Message, Preparation> {
  message: Message;
  prepared: Preparation;
  result: StoredMessage;
}

export interface WriterOptions<Message extends NewMessage, Preparation extends Prepared = Prepared> {
  pool: QueryRunner;
  clock: Clock;
  /** Looks at a batch before it is written: what each message needs, or why it is refused. Keeps the order. */
  prepare: (
    messages: Message[],
  ) => (Preparation | KindlineError)[] | Promise<(Preparation | KindlineError)[]>;
  /** Hears of every batch after its commit, before the senders do; `waitedMs` is what its first message waited. */
  onAppended: (stored: AppendedResult<Message, Preparation>[], waitedMs: number) => void;
  /** Batches that are written side by side; default 2. */
  lanes?: number;
}

interface Waiting<Message> {
  message: Message;
  /** When it came, by `performance.now()`. */
  since: number;
  resolve: (stored: StoredMessage) => void;
  reject: (error: unknown) => void;
}

interface Ready<Message, Preparation extends Prepared> extends Waiting<Message> {
  prepared: Preparation;
}

/** Whether retries are only noticed by the unique violation they cause, or looked for. */
type Mode = 'optimistic' | 'careful';

interface Lane<Message> {
  waiting: Waiting<Message>[];
  busy: boolean;
}

interface Row {
  outcome: 'stored' | 'duplicate' | 'not_found' | 'forbidden' | 'conversation_ended';
  id: string;
  seq: number;
  created_at: Date;
}

/**
 * Commits messages in groups: while one batch is being written the next one gathers, so that an idle
 * system commits at once and a busy one shares round trips and WAL flushes. A batch that fails as a whole
 * is halved until the failing message stands alone, so that one bad message never fails its neighbours.
 */
export class MessageWriter<Message extends NewMessage = NewMessage, Preparation extends Prepared = Prepared> {
  private readonly lanes: Lane<Message>[];
  private inFlight = 0;
  private readonly idle: (() => void)[] = [];

  constructor(private readonly options: WriterOptions<Message, Preparation>) {
    this.lanes = Array.from({ length: options.lanes ?? 2 }, () => ({ waiting: [], busy: false }));
  }

  /**
   * Resolves after commit. The same `clientId` of one sender in one conversation is stored once and answered
   * with the first one's id and seq.
   * @throws not_found, forbidden, conversation_ended; or the database's error, and then nothing is known to be stored
   */
  append(message: Message): Promise<StoredMessage> {
    if (!isUuid(message.conversationId)) {
      return Promise.reject(new KindlineError('not_found', 'There is no such conversation'));
    }
    return new Promise((resolve, reject) => {
      const lane = this.laneOf(message.conversationId);
      lane.waiting.push({ message, since: performance.now(), resolve, reject });
      this.inFlight++;
      if (!lane.busy) void this.drain(lane);
    });
  }

  /** Resolves when everything handed over has been answered. */
  async settled(): Promise<void> {
    if (this.inFlight > 0) await new Promise<void>((resolve) => this.idle.push(resolve));
  }

  /** Messages that wait for their commit. */
  get pending(): number {
    return this.inFlight;
  }

  /** One conversation always takes the same lane: its messages keep their order. */
  private laneOf(conversationId: string): Lane<Message> {
    const index = parseInt(conversationId.slice(-6), 16) % this.lanes.length;
    const lane = this.lanes[index];
    if (!lane) throw new RangeError(`no lane ${index}`);
    return lane;
  }

  private async drain(lane: Lane<Message>): Promise<void> {
    lane.busy = true;
    // What arrives in this turn of the event loop (one read of many sockets) belongs to the first batch.
    await new Promise(setImmediate);
    while (lane.waiting.length > 0) {
      const batch = lane.waiting.splice(0, BATCH_SIZE);
      try {
        await this.write(await this.prepare(batch));
      } catch (error) {
        this.refuse(batch, error);
      }
    }
    lane.busy = false;
  }

  private async prepare(batch: Waiting<Message>[]): Promise<Ready<Message, Preparation>[]> {
    const verdicts = await this.options.prepare(batch.map(({ message }) => message));
    const ready: Ready<Message, Preparation>[] = [];
    batch.forEach((waiting, index) => {
      const prepared = verdicts[index];
      if (prepared && !(prepared instanceof KindlineError)) ready.push({ ...waiting, prepared });
      else this.refuse([waiting], prepared ?? new KindlineError('internal'));
    });
    return ready;
  }

  private async write(batch: Ready<Message, Preparation>[], mode: Mode = 'optimistic'): Promise<void> {
    if (batch.length === 0) return;
    const followers = withoutRepeats(batch);
    const firsts = [...followers.keys()];
    let results: (StoredMessage | KindlineError)[];
    try {
      results = await this.call(firsts, mode);
    } catch (error) {
      await this.halve(batch, error, mode);
      return;
    }
    const stored: AppendedResult<Message, Preparation>[] = [];
    const answers: (() => void)[] = [];
    const late: Ready<Message, Preparation>[] = [];
    firsts.forEach((first, index) => {
      const repeats = followers.get(first) ?? [];
      const result = results[index] ?? new KindlineError('internal');
      if (result instanceof KindlineError) {
        // What is not inserted violates nothing: this may be the retry of a message stored before the end.
        const mayBeRetry = first.message.clientId !== undefined && result.code !== 'not_found';
        if (mode === 'optimistic' && mayBeRetry) late.push(first, ...repeats);
        else answers.push(() => this.refuse([first, ...repeats], result));
        return;
      }
      if (!result.duplicate) stored.push({ message: first.message, prepared: first.prepared, result });
      answers.push(() => {
        first.resolve(result);
        for (const { resolve } of repeats) resolve({ ...result, duplicate: true });
        this.answered(1 + repeats.length);
      });
    });
    if (stored.length > 0) this.options.onAppended(stored, performance.now() - (firsts[0]?.since ?? 0));
    for (const answer of answers) answer();
    await this.write(late, 'careful');
  }

  private async call(
    batch: Ready<Message, Preparation>[],
    mode: Mode,
  ): Promise<(StoredMessage | KindlineError)[]> {
    const { pool, clock } = this.options;
    const now = clock.now();
    const ids = batch.map(() => uuidV7(now.getTime()));
    const values = parameters(batch, ids, now);
    try {
      if (mode === 'optimistic') {
        const { rows } = await pool.query<{ codes: string }>({ name: 'append', text: APPEND, values });
        return readCodes(rows[0]?.codes ?? '', ids, now);
      }
    } catch (error) {
      if (sqlState(error) !== UNIQUE_VIOLATION) throw error;
    }
    const { rows } = await pool.query<Row>({ name: 'append-again', text: APPEND_AGAIN, values });
    return rows.map(resultOf);
  }

  private async halve(batch: Ready<Message, Preparation>[], error: unknown, mode: Mode): Promise<void> {
    // Only bad data (classes 22 and 23) is one message's fault; a lost connection fails all of them alike.
    if (batch.length === 1 || !sqlState(error)?.match(/^2[23]/)) {
      this.refuse(batch, error);
      return;
    }
    const middle = Math.ceil(batch.length / 2);
    await this.write(batch.slice(0, middle), mode);
    await this.write(batch.slice(middle), mode);
  }

  private refuse(batch: Waiting<Message>[], error: unknown): void {
    for (const { reject } of batch) reject(error);
    this.answered(batch.length);
  }

  private answered(count: number): void {
    this.inFlight -= count;
    if (this.inFlight === 0) for (const resolve of this.idle.splice(0)) resolve();
  }
}

/** The first of each client id in a batch, with those that repeat it. */
function withoutRepeats<Message extends NewMessage, Preparation extends Prepared>(
  batch: Ready<Message, Preparation>[],
): Map<Ready<Message, Preparation>, Ready<Message, Preparation>[]> {
  const firsts = new Map<string, Ready<Message, Preparation>>();
  const followers = new Map<Ready<Message, Preparation>, Ready<Message, Preparation>[]>();
  for (const waiting of batch) {
    const { conversationId, senderId, clientId } = waiting.message;
    const key = clientId === undefined ? undefined : `${conversationId}${senderId}${clientId}`;
    const first = key === undefined ? undefined : firsts.get(key);
    if (first) {
      followers.get(first)?.push(waiting);
      continue;
    }
    if (key !== undefined) firsts.set(key, waiting);
    followers.set(waiting, []);
  }
  return followers;
}

function resultOf(row: Row): StoredMessage | KindlineError {
  if (row.outcome !== 'stored' && row.outcome !== 'duplicate') return new KindlineError(row.outcome);
  return { id: row.id, seq: row.seq, createdAt: row.created_at, duplicate: row.outcome === 'duplicate' };
}

/** What stands in place of a `seq` where a message was not stored. */
const REFUSED = { '-1': 'not_found', '-2': 'forbidden', '-3': 'conversation_ended' } as const;

/** The optimistic call's answer: one number a message, since the ids and the time are ours. */
function readCodes(codes: string, ids: string[], now: Date): (StoredMessage | KindlineError)[] {
  const list = codes.split(',');
  return ids.map((id, index) => {
    const code = list[index] ?? '';
    const seq = Number(code);
    if (seq > 0) return { id, seq, createdAt: now, duplicate: false };
    return new KindlineError(code in REFUSED ? REFUSED[code as keyof typeof REFUSED] : 'internal');
  });
}

function parameters(
  batch: { message: NewMessage; prepared: Prepared }[],
  ids: string[],
  now: Date,
): unknown[] {
  const absentConversations: string[] = [];
  const absentPeople: string[] = [];
  for (const { message, prepared } of batch) {
    for (const personId of prepared.absent) {
      absentConversations.push(message.conversationId);
      absentPeople.push(personId);
    }
  }
  const messages = batch.map(({ message }) => message);
  return [
    arrayLiteral(ids),
    arrayLiteral(messages.map(({ conversationId }) => conversationId)),
    arrayLiteral(messages.map(({ senderId }) => senderId)),
    arrayLiteral(messages.map(({ clientId }) => clientId ?? null)),
    arrayLiteral(messages.map(({ type }) => type)),
    arrayLiteral(messages.map(({ content }) => content)),
    arrayLiteral(messages.map(({ replyTo }) => (replyTo === null ? null : JSON.stringify(replyTo)))),
    arrayLiteral(absentConversations),
    arrayLiteral(absentPeople),
    PUSH_DELAY_MS,
    now,
  ];
}

const SIGNATURE = `($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::jsonb[],
  $8::uuid[], $9::uuid[], $10::int, $11::timestamptz)`;
// One row for the whole batch: a row each would cost the gateway more than the batch's insert.
const APPEND = `SELECT string_agg((CASE outcome WHEN 'stored' THEN seq WHEN 'not_found' THEN -1 WHEN 'forbidden' THEN -2
  ELSE -3 END)::text, ',' ORDER BY ord) AS codes FROM append_messages${SIGNATURE}`;
const APPEND_AGAIN = `SELECT outcome, id, seq, created_at FROM append_messages_again${SIGNATURE}`;

/**
 * One message in a transaction of the caller's, who has just made its conversation and its members: nobody is absent
 * yet, and nobody else is told.
 */
export async function appendIn(manager: EntityManager, message: NewMessage, now: Date): Promise<void> {
  const id = uuidV7(now.getTime());
  const values = parameters([{ message, prepared: { absent: [] } }], [id], now);
  const [row] = await manager.query<{ codes: string }[]>(APPEND, values);
  const [result] = readCodes(row?.codes ?? '', [id], now);
  if (result instanceof KindlineError) throw result;
}
