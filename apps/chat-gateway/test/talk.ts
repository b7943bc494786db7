import type { Pool } from 'pg';
import { at, type ChatMessage, eventually, type TestPerson, TestSocket } from './kit';

/**
 * One side of a chat as a good client plays it: it sends again what was not acked with the same client id,
 * connects again elsewhere when its gateway is gone, and syncs what it missed.
 */
export class Talker {
  /** What the server acked, by client id. */
  readonly acked = new Map<string, { id: string; seq: number }>();
  readonly unacked = new Map<string, string>();
  /** Everything this person has got to know, by seq. */
  readonly known = new Map<number, string>();
  readonly sockets: TestSocket[] = [];
  /** The codes of what the server refused. */
  readonly refusals: string[] = [];
  private sent = 0;

  constructor(
    readonly person: TestPerson,
    readonly chatId: string,
  ) {}

  get refused(): number {
    return this.refusals.length;
  }

  get socket(): TestSocket {
    return at(this.sockets, -1);
  }

  /** Connects, and then syncs: what is emitted meanwhile is live. */
  async connect(port: number): Promise<void> {
    const socket = await TestSocket.connect(port, this.person);
    socket.socket.on('chat_message', ({ seq, id, chat_id }: ChatMessage) => {
      if (chat_id === this.chatId) this.known.set(seq, id);
    });
    this.sockets.push(socket);
    await this.sync();
  }

  async sync(): Promise<void> {
    for (;;) {
      let head = 0;
      while (this.known.has(head + 1)) head++;
      const synced = await this.socket.sync(this.chatId, head);
      if (!synced.ok) throw new Error(synced.error.code);
      for (const { seq, id } of synced.messages) this.known.set(seq, id);
      if (!synced.has_more) return;
    }
  }

  say(): Promise<void> {
    const clientId = `${this.person.sub}-${++this.sent}`;
    this.unacked.set(clientId, `message ${this.sent}`);
    return this.transmit(clientId);
  }

  /** Sends everything unacked again, in its order. */
  async sayAgain(): Promise<void> {
    await Promise.all([...this.unacked.keys()].map((clientId) => this.transmit(clientId)));
  }

  close(): void {
    for (const socket of this.sockets) socket.close();
  }

  private async transmit(clientId: string): Promise<void> {
    const text = this.unacked.get(clientId);
    if (text === undefined || !this.socket.socket.connected) return;
    // A lost connection or a deadline: nothing is known, so the message stays unacked.
    const answer = await this.socket.send(this.chatId, text, { client_id: clientId }).catch(() => undefined);
    if (!answer) return;
    if (!answer.ok) {
      this.refusals.push(answer.error.code);
      return;
    }
    this.unacked.delete(clientId);
    this.acked.set(clientId, { id: answer.id, seq: answer.seq });
    this.known.set(answer.seq, answer.id);
  }
}

/** Lets the talkers send `perSecond` messages in turn until `stop` is called; answers how many it sent. */
export function keepTalking(talkers: readonly Talker[], perSecond: number): { stop(): number } {
  const began = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    const due = ((performance.now() - began) / 1000) * perSecond;
    for (; sent < due; sent++) void at(talkers, sent % talkers.length).say();
  }, 10);
  return {
    stop: () => {
      clearInterval(timer);
      return sent;
    },
  };
}

/** The positions at which the numbers do not rise. */
const disorder = (seqs: readonly number[]): number[] =>
  seqs.filter((seq, index) => index > 0 && seq <= (seqs[index - 1] ?? 0));

/** Sends again what is not acked, until everything is. */
export const settle = (talkers: readonly Talker[], withinMs = 30_000): Promise<boolean> =>
  eventually(
    'everything is acked',
    async () => {
      await Promise.all(talkers.filter(({ unacked }) => unacked.size > 0).map((talker) => talker.sayAgain()));
      return talkers.every(({ unacked }) => unacked.size === 0);
    },
    withinMs,
  );

/**
 * Stored are exactly the acked messages, each once, under the acked id and seq, without a gap; both people
 * know them all, and no socket saw them out of order.
 */
export async function expectWhole(sql: Pool, sides: readonly Talker[], withinMs = 10_000): Promise<void> {
  const { chatId } = at(sides, 0);
  const { rows } = await sql.query<{ seq: number; id: string; client_id: string }>(
    'SELECT seq, id, client_id FROM messages WHERE conversation_id = $1 ORDER BY seq',
    [chatId],
  );
  expect(rows.map(({ seq }) => seq)).toEqual(rows.map((_, index) => index + 1));
  const acked = new Map(sides.flatMap((side) => [...side.acked]));
  expect(new Map(rows.map(({ client_id, id, seq }) => [client_id, { id, seq }]))).toEqual(acked);
  expect(rows).toHaveLength(acked.size);
  for (const { known, sockets, person } of sides) {
    await eventually(`${person.sub} knows all ${rows.length}`, () => known.size === rows.length, withinMs);
    expect([...known].sort(([a], [b]) => a - b)).toEqual(rows.map(({ seq, id }) => [seq, id]));
    for (const socket of sockets) expect(disorder(socket.messages(chatId).map(({ seq }) => seq))).toEqual([]);
  }
}

export const pairs = (talkers: readonly Talker[]): Talker[][] =>
  Array.from({ length: talkers.length / 2 }, (_, index) => talkers.slice(2 * index, 2 * index + 2));
