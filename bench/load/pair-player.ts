import { randomUUID } from 'node:crypto';
import { io, type Socket } from 'socket.io-client';
import { Histogram } from './histogram';
import type { Dialect, Pair, Player } from './protocol';

const FILLER = 'I have not slept well this week and would like to talk with somebody about it. '.repeat(2);
const TEXT_LENGTH = 120;

/** What all pairs of one process have seen since the last mark. */
export class Tally {
  acked = 0;
  delivered = 0;
  refused = 0;
  disordered = 0;
  ackLatency = Histogram.empty();
  deliveryLatency = Histogram.empty();
}

/** Where the pairs count; replaced at every mark. */
export interface Scoreboard {
  tally: Tally;
  sending: boolean;
}

interface Wording {
  namespace: string;
  event: string;
  /** What the seeker sends. */
  write(pair: Pair, text: string): object;
  /** The text of what the helper receives. */
  read(payload: object): string;
}

const WORDINGS: Record<Dialect, Wording> = {
  conversation: {
    namespace: '',
    event: 'chat_message',
    write: ({ chatId, seeker, helper }, message) => ({
      chat_id: chatId,
      sender_mail: seeker.email,
      reciever_mail: helper.email,
      message,
      client_id: randomUUID(),
    }),
    read: (payload) => (payload as { message: string }).message,
  },
  session: {
    namespace: '/counseling',
    event: 'message',
    write: (_pair, content) => ({ content, clientId: randomUUID() }),
    read: (payload) => (payload as { content: string }).content,
  },
};

/** Plays both sides of one conversation: the seeker sends in a closed loop, the helper receives. */
export class PairPlayer {
  private constructor(
    private readonly wording: Wording,
    private readonly pair: Pair,
    private readonly seeker: Socket,
    private readonly helper: Socket,
    private readonly board: Scoreboard,
  ) {
    helper.on(wording.event, (payload: object) => this.received(wording.read(payload)));
  }

  private sent = 0;
  private lastReceived = 0;
  acked = 0;
  delivered = 0;
  underWay = 0;

  static async connect(url: string, dialect: Dialect, pair: Pair, board: Scoreboard): Promise<PairPlayer> {
    const wording = WORDINGS[dialect];
    const [seeker, helper] = await Promise.all([
      connect(url + wording.namespace, pair.chatId, pair.seeker),
      connect(url + wording.namespace, pair.chatId, pair.helper),
    ]);
    return new PairPlayer(wording, pair, seeker, helper, board);
  }

  /** Sends until `inFlight` messages wait for their ack; every ack sends the next one. */
  start(inFlight: number): void {
    while (this.underWay < inFlight) this.send();
  }

  close(): void {
    this.seeker.disconnect();
    this.helper.disconnect();
  }

  private send(): void {
    const { event, write } = this.wording;
    const began = performance.now();
    this.underWay += 1;
    this.sent += 1;
    // The receiver reads from the text when it was sent, and in which order; both play in this process.
    const text = `${this.sent} ${began.toFixed(3)} ${FILLER}`.slice(0, TEXT_LENGTH);
    this.seeker.emit(event, write(this.pair, text), ({ ok }: { ok: boolean }) => this.answered(ok, began));
  }

  private answered(ok: boolean, began: number): void {
    const { tally, sending } = this.board;
    this.underWay -= 1;
    if (ok) {
      this.acked += 1;
      tally.acked += 1;
      tally.ackLatency.record(performance.now() - began);
    } else tally.refused += 1;
    if (sending) this.send();
  }

  private received(text: string): void {
    const { tally } = this.board;
    const [number, began] = text.split(' ', 2);
    if (Number(number) !== this.lastReceived + 1) tally.disordered += 1;
    this.lastReceived = Number(number);
    this.delivered += 1;
    tally.delivered += 1;
    tally.deliveryLatency.record(performance.now() - Number(began));
  }
}

/** A client as it is meant to be used. The relay takes the room from the query; the gateway ignores it. */
function connect(url: string, chat: string, { token }: Player): Promise<Socket> {
  const socket = io(url, {
    transports: ['websocket'],
    forceNew: true,
    reconnection: false,
    auth: { token },
    query: { chat },
  });
  return new Promise((resolve, reject) => {
    socket.once('connect', () => resolve(socket));
    socket.once('connect_error', reject);
  });
}
