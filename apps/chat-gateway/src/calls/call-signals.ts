import { Inject, Injectable, Logger } from '@nestjs/common';
import {
  type CallAudience,
  type CallNewsMap,
  type CallServerEvents,
  type CallSignal,
  KindlineError,
} from '@kindline/contracts';
import { NEWS_PUBLISHER, type NewsPublisher, type KeptSignals } from '@kindline/domain';
import { GATEWAY_ID } from '../gateway-env';
import { Connections, type PersonSocket } from '../sockets/connections';

type EndNews = CallNewsMap['call.ended.v1'];
type Signal = CallSignal | { event: 'call:end'; payload: Parameters<CallServerEvents['call:end']>[0] };
type Emitted = Signal & { number: number };

/** The newest call of a conversation that was shown here. */
interface Shown {
  number: number;
  ended: boolean;
}

/** What a socket was shown from the record, and by when its own news have come. */
interface ShownFromRecord {
  conversationId: string;
  number: number;
  payloads: Set<string>;
  until: number;
}

const REMEMBERED = 20_000;
const NEWS_TAKE_AT_MOST_MS = 5_000;

/**
 * Brings signals to the sockets they are for: here at once, elsewhere as news. What belongs to a call that
 * has ended, or to an older one than was shown, is dropped: news may repeat and overtake each other.
 */
@Injectable()
export class CallSignals {
  private readonly logger = new Logger(CallSignals.name);
  private readonly shown = new Map<string, Shown>();
  /** Sockets that are being told what rang before they came, with what came meanwhile. */
  private readonly holding = new Map<string, Emitted[]>();

  /** The news of what sockets were shown from the record may still be on their way: each is dropped once. */
  private readonly fromRecord = new WeakMap<PersonSocket, ShownFromRecord>();
  /** Of which call sockets were shown an answer last. */
  private readonly answered = new WeakMap<PersonSocket, { conversationId: string; number: number }>();

  constructor(
    private readonly connections: Connections,
    @Inject(GATEWAY_ID) private readonly gatewayId: string,
    @Inject(NEWS_PUBLISHER) private readonly news: NewsPublisher,
  ) {}

  readonly handlers: { [Name in keyof CallNewsMap]: (news: CallNewsMap[Name]) => void } = {
    'call.signal.v1': ({ gatewayId, number, to, signal }) => {
      if (gatewayId !== this.gatewayId) this.emit(number, to, signal);
    },
    'call.ended.v1': (news) => this.end(news),
  };

  /** @throws unavailable when other gateways could not be told and nobody here was: the sender is to try again */
  async send(number: number, to: CallAudience, signal: CallSignal): Promise<void> {
    // The sender stands here, so the call's end is news here, too.
    this.advance(signal.payload.conversationId, number);
    const reached = this.emit(number, to, signal);
    const { gatewayId } = this;
    if (to.only?.every((socket) => socket.gatewayId === gatewayId)) return;
    try {
      await this.news.publish('call.signal.v1', { gatewayId, number, to, signal });
    } catch (err) {
      if (reached)
        return this.logger.warn({ err }, 'a signal could not be published, and was shown here only');
      throw new KindlineError('unavailable', 'The other side may not have heard it: try again');
    }
  }

  /** Tells of an end at once. Its announcement tells those whom this does not reach. */
  async tell(news: EndNews): Promise<void> {
    this.end(news);
    await this.news
      .publish('call.ended.v1', news)
      .catch((err: unknown) => this.logger.warn({ err }, 'the end of a call could not be published'));
  }

  /** The end of a call, for those of its people who are here. */
  end({ conversationId, number, reason, to }: EndNews): void {
    if (this.isStale(conversationId, number)) return;
    const emitted = { number, event: 'call:end', payload: { conversationId, reason } } as const;
    const told = to.map((audience) => this.emitTo(audience, emitted));
    if (this.shown.has(conversationId) || told.includes(true))
      this.remember(conversationId, { number, ended: true });
  }

  /** Calls that people here take for live. */
  open(): { conversationId: string; number: number }[] {
    return [...this.shown].flatMap(([conversationId, { number, ended }]) =>
      ended ? [] : [{ conversationId, number }],
    );
  }

  /** The newest call of a conversation that was shown here. */
  numberOf(conversationId: string): number | undefined {
    return this.shown.get(conversationId)?.number;
  }

  /** Keeps back what comes for this socket until it is released. */
  hold({ id }: PersonSocket): void {
    if (!this.holding.has(id)) this.holding.set(id, []);
  }

  /** Shows a socket what was kept for it, and then what was kept back. */
  release(client: PersonSocket, kept?: KeptSignals): void {
    const held = this.holding.get(client.id) ?? [];
    this.holding.delete(client.id);
    if (kept) this.show(client, kept);
    for (const emitted of held) this.emitToOne(client, emitted);
  }

  /** Shows a socket the answer that it waits for, unless it has been shown it or will be. */
  showAnswer(client: PersonSocket, kept: KeptSignals): void {
    const last = this.answered.get(client);
    if (last?.conversationId === kept.conversationId && last.number === kept.number) return;
    if (!this.holding.has(client.id)) this.show(client, kept);
  }

  private show(client: PersonSocket, kept: KeptSignals): void {
    const { conversationId, number } = kept;
    if (!this.advance(conversationId, number)) return;
    const signals = signalsOf(kept);
    this.fromRecord.delete(client);
    for (const signal of signals) this.emitToOne(client, { number, ...signal });
    const payloads = new Set(signals.map(({ payload }) => JSON.stringify(payload)));
    const until = Date.now() + NEWS_TAKE_AT_MOST_MS;
    this.fromRecord.set(client, { conversationId, number, payloads, until });
  }

  /** @returns whether anyone of them is here */
  private emit(number: number, to: CallAudience, signal: CallSignal): boolean {
    const { conversationId } = signal.payload;
    if (this.isStale(conversationId, number)) return false;
    const anyone = this.emitTo(to, { number, ...signal });
    if (anyone) this.advance(conversationId, number);
    return anyone;
  }

  /** @returns whether anyone of them is here */
  private emitTo({ personId, only, except }: CallAudience, emitted: Emitted): boolean {
    let anyone = false;
    for (const client of this.connections.socketsOf(personId)) {
      const { id } = client;
      if (except.includes(id) || (only && !only.some(({ socketId }) => socketId === id))) continue;
      anyone = true;
      const held = this.holding.get(id);
      if (held) held.push(emitted);
      else this.emitToOne(client, emitted);
    }
    return anyone;
  }

  private emitToOne(client: PersonSocket, { number, event, payload }: Emitted): void {
    const { conversationId } = payload;
    const shown = this.fromRecord.get(client);
    if (shown?.conversationId === conversationId) {
      const isOver = event === 'call:end' || number !== shown.number || Date.now() > shown.until;
      if (isOver) this.fromRecord.delete(client);
      else if (shown.payloads.delete(JSON.stringify(payload))) return;
    }
    if (event === 'call:answer') this.answered.set(client, { conversationId, number });
    client.socket.emit(event, payload);
  }

  private isStale(conversationId: string, number: number): boolean {
    const shown = this.shown.get(conversationId);
    return shown !== undefined && (shown.number > number || (shown.number === number && shown.ended));
  }

  /** @returns false when it is stale */
  private advance(conversationId: string, number: number): boolean {
    if (this.isStale(conversationId, number)) return false;
    this.remember(conversationId, { number, ended: false });
    return true;
  }

  private remember(conversationId: string, shown: Shown): void {
    this.shown.delete(conversationId);
    for (const oldest of this.shown.keys()) {
      if (this.shown.size < REMEMBERED) break;
      this.shown.delete(oldest);
    }
    this.shown.set(conversationId, shown);
  }
}

function signalsOf({ event, conversationId, sdp, candidates }: KeptSignals): CallSignal[] {
  return [
    { event, payload: { conversationId, sdp } },
    ...candidates.map((candidate): CallSignal => ({
      event: 'call:ice',
      payload: { conversationId, candidate },
    })),
  ];
}
