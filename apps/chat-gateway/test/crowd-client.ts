import { io, type Socket } from 'socket.io-client';

/** What an ack of ours says. */
type Answer = { ok: true; id: string; seq: number } | { ok: false };
type Page = { ok: true; messages: { seq: number; id: string }[]; has_more: boolean } | { ok: false };

export interface CrowdPerson {
  sub: string;
  email: string;
  token: string;
  chatId: string;
}

/** One time without the server; in ms since 1970. */
export interface Gap {
  reason: string;
  lostAt: number;
  connectedAt: number;
  /** When it knew everything again. */
  syncedAt: number;
}

/** After this a message is sent again. Not soon: a machine that cannot keep up would only get more to do. */
const ANSWER_WITHIN_MS = 8_000;
const AGAIN_AFTER_MS = 200;

/**
 * A stock client, reconnection and all as Socket.IO has it, whose app does what it has to: it sends again what was not
 * acked, with the same client id, and syncs what it missed when it is back.
 */
export class CrowdClient {
  readonly acked = new Map<string, { id: string; seq: number }>();
  readonly known = new Map<number, string>();
  readonly unacked = new Map<string, string>();
  readonly gaps: Gap[] = [];
  readonly hints: number[] = [];
  refused = 0;
  attempts = 0;
  private readonly socket: Socket;
  private sent = 0;
  private gap: Pick<Gap, 'reason' | 'lostAt'> | undefined;

  constructor(
    url: string,
    readonly person: CrowdPerson,
  ) {
    this.socket = io(url, { transports: ['websocket'], forceNew: true, auth: { token: person.token } });
    this.socket.on('connect', () => void this.connected());
    this.socket.on('disconnect', (reason) => (this.gap ??= { reason, lostAt: Date.now() }));
    this.socket.on('server_draining', ({ retryAfterMs }) => this.hints.push(retryAfterMs));
    this.socket.on('chat_message', ({ seq, id }) => this.known.set(seq, id));
    this.socket.on('connect_error', () => this.attempts++);
  }

  get here(): boolean {
    return this.socket.connected && this.gap === undefined;
  }

  say(): void {
    const clientId = `${this.person.sub}-${++this.sent}`;
    this.unacked.set(clientId, `message ${this.sent}`);
    this.transmit(clientId);
  }

  private async connected(): Promise<void> {
    const connectedAt = Date.now();
    const { gap } = this;
    for (const clientId of this.unacked.keys()) this.transmit(clientId);
    if (!gap) return;
    while (!(await this.sync())) {
      // The next connection goes on with it.
      if (!this.socket.connected) return;
    }
    this.gaps.push({ ...gap, connectedAt, syncedAt: Date.now() });
    this.gap = undefined;
  }

  /** @returns false when an answer was missing */
  private async sync(): Promise<boolean> {
    for (;;) {
      let head = 0;
      while (this.known.has(head + 1)) head++;
      const asked = { conversationId: this.person.chatId, afterSeq: head };
      const page = await (
        this.socket.timeout(ANSWER_WITHIN_MS).emitWithAck('messages:sync', asked) as Promise<Page>
      ).catch(() => undefined);
      if (!page?.ok) return false;
      for (const { seq, id } of page.messages) this.known.set(seq, id);
      if (!page.has_more) return true;
    }
  }

  private transmit(clientId: string): void {
    const message = this.unacked.get(clientId);
    if (message === undefined || !this.socket.connected) return;
    const { chatId: chat_id, email: sender_mail } = this.person;
    this.socket
      .timeout(ANSWER_WITHIN_MS)
      .emit(
        'chat_message',
        { chat_id, sender_mail, message, client_id: clientId },
        (missing: unknown, answer?: Answer) => {
          if (answer?.ok) {
            this.unacked.delete(clientId);
            this.acked.set(clientId, { id: answer.id, seq: answer.seq });
            this.known.set(answer.seq, answer.id);
            return;
          }
          if (answer) this.refused++;
          if (!missing || this.socket.connected) setTimeout(() => this.transmit(clientId), AGAIN_AFTER_MS);
        },
      );
  }
}
