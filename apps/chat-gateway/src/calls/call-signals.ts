import { Inject, Injectable, Logger } from '@nestjs/common';
import {
  type CallAudience,
  type CallNewsMap,
  type CallServerEvents,
  type CallSignal,
  KindlineError,
} from '@kindline/contracts';
import { NEWS_PUBLISHER, type NewsPublisher, type RingingCall } from '@kindline/domain';
import { GATEWAY_ID } from '../gateway-env';
import { Connections, type PersonSocket } from '../sockets/connections';

type EndNews = CallNewsMap['call.ended.v1'];
type Emitted = CallSignal | { event: 'call:end'; payload: Parameters<CallServerEvents['call:end']>[0] };

/** The newest call of a conversation that was shown here. */
interface Shown {
  number: number;
  ended: boolean;
}

const REMEMBERED = 20_000;

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

  /** What sockets were shown of a ringing call when they came: its own news may still be on their way. */
  private readonly shownOnArrival = new WeakMap<PersonSocket, Set<string>>();

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

  /** @throws unavailable when other gateways could not be told: the sender is to try again */
  async send(number: number, to: CallAudience, signal: CallSignal): Promise<void> {
    // The sender stands here, so the call's end is news here, too.
    this.advance(signal.payload.conversationId, number);
    this.emit(number, to, signal);
    const { gatewayId } = this;
    if (to.only?.every((socket) => socket.gatewayId === gatewayId)) return;
    try {
      await this.news.publish('call.signal.v1', { gatewayId, number, to, signal });
    } catch {
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
    const emitted = { event: 'call:end', payload: { conversationId, reason } } as const;
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

  /** Keeps back what comes for this socket until it is released. */
  hold({ id }: PersonSocket): void {
    this.holding.set(id, []);
  }

  /** Shows a socket the call that rings for it, and then what was kept back. */
  release(client: PersonSocket, ringing?: RingingCall): void {
    const held = this.holding.get(client.id) ?? [];
    this.holding.delete(client.id);
    if (ringing && this.advance(ringing.conversationId, ringing.number)) {
      const signals = signalsOf(ringing);
      for (const { event, payload } of signals) client.socket.emit(event, payload);
      this.shownOnArrival.set(client, new Set(signals.map(({ payload }) => JSON.stringify(payload))));
    }
    for (const emitted of held) this.emitToOne(client, emitted);
  }

  private emit(number: number, to: CallAudience, signal: CallSignal): void {
    const { conversationId } = signal.payload;
    if (this.isStale(conversationId, number)) return;
    if (this.emitTo(to, signal)) this.advance(conversationId, number);
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

  private emitToOne(client: PersonSocket, { event, payload }: Emitted): void {
    const shown = this.shownOnArrival.get(client);
    if (event === 'call:end') this.shownOnArrival.delete(client);
    else if (shown?.has(JSON.stringify(payload))) return;
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

function signalsOf({ conversationId, sdp, candidates }: RingingCall): CallSignal[] {
  return [
    { event: 'call:offer', payload: { conversationId, sdp } },
    ...candidates.map((candidate): CallSignal => ({
      event: 'call:ice',
      payload: { conversationId, candidate },
    })),
  ];
}
