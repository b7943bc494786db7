import { Inject, Injectable } from '@nestjs/common';
import {
  chatHistory,
  type ChatPermission,
  chatSend,
  chatTyping,
  endSession,
  KindlineError,
} from '@kindline/contracts';
import {
  AnonymousSessions,
  anonymousOf,
  Programs,
  type Refusal,
  SessionStore,
  unknownSession,
} from '@kindline/domain';
import type { z } from 'zod';
import { GATEWAY_ID } from '../gateway-env';
import type { ClientEvent, Dialect } from '../sockets/client-event';
import { AbsentSides } from './absent-sides';
import { boundOf, lineView } from './chat-line';
import { ChatRooms } from './chat-rooms';
import type { SeatSocket } from './seat';

type ChatEvent<Schema extends z.ZodType> = Omit<ClientEvent, 'from' | 'payload' | 'handle'> & {
  permission: ChatPermission;
  payload: Schema;
  handle(sender: SeatSocket, payload: z.output<Schema>): Promise<object | void>;
};

/** An event of a session's namespace; ties a handler's payload to its schema, and its sender to a permission. */
function chatEvent<Schema extends z.ZodType>({ permission, ...event }: ChatEvent<Schema>): ClientEvent {
  return { ...event, from: { permission } } as ClientEvent;
}

/** What a client of the namespace `/counseling` may send. */
@Injectable()
export class CounselingDialect implements Dialect {
  private readonly retention: number;

  constructor(
    private readonly store: SessionStore,
    private readonly sessions: AnonymousSessions,
    private readonly rooms: ChatRooms,
    private readonly absent: AbsentSides,
    @Inject(GATEWAY_ID) private readonly gatewayId: string,
    programs: Programs,
  ) {
    this.retention = anonymousOf(programs.get('counseling')).retention;
  }

  readonly events: readonly ClientEvent[] = [
    chatEvent({
      name: 'message',
      permission: 'send_message',
      payload: chatSend,
      limit: 'messages',
      handle: (sender, payload) => this.message(sender, payload),
    }),
    chatEvent({
      name: 'history',
      permission: 'view_history',
      payload: chatHistory,
      limit: 'events',
      handle: (sender, payload) => this.history(sender, payload),
    }),
    chatEvent({
      name: 'typing',
      permission: 'send_message',
      payload: chatTyping,
      limit: 'typing',
      handle: (sender, { on }) => this.typing(sender, on),
    }),
    chatEvent({
      name: 'end_session',
      permission: 'end_session',
      payload: endSession,
      limit: 'events',
      inTurn: true,
      handle: ({ sessionId, side, version }) =>
        this.sessions.end(sessionId, side, side === 'helper' ? version : undefined),
    }),
  ];

  private async message(sender: SeatSocket, { content, clientId }: z.output<typeof chatSend>) {
    const { sessionId, side, anonymousId: from, id: origin } = sender;
    const stored = await this.store.append(
      sessionId,
      { side, from, content, clientId, origin, gatewayId: this.gatewayId },
      this.retention,
    );
    if (stored === 'full') throw new KindlineError('too_large', 'This session holds as much as it can');
    if (typeof stored === 'string') return this.refused(sessionId, stored);
    const { seq, at, duplicate, helperAnonymousId, elsewhere } = stored;
    const line = { seq, at, side, from, origin, content };
    if (!duplicate) this.rooms.stored(sessionId, line, helperAnonymousId);
    const other = side === 'seeker' ? 'helper' : 'seeker';
    if (!duplicate && (other === 'seeker' || helperAnonymousId !== ''))
      this.absent.saidTo(sessionId, other, elsewhere);
    const { id, timestamp } = lineView(sessionId, line);
    return { id, timestamp, duplicate };
  }

  private async typing({ id: origin, sessionId, side, anonymousId }: SeatSocket, on: boolean): Promise<void> {
    const refusal = await this.store.typing(sessionId, { side, anonymousId }, { origin, on }, this.retention);
    if (refusal) await this.refused(sessionId, refusal);
  }

  private async history(
    { sessionId, side, anonymousId }: SeatSocket,
    { before, limit }: z.output<typeof chatHistory>,
  ) {
    const bound = before === undefined ? undefined : boundOf(sessionId, before);
    // One more than asked tells whether there are more.
    const page = { before: bound, limit: limit + 1 };
    const lines = await this.store.page(sessionId, { side, anonymousId }, page);
    if (typeof lines === 'string') return this.refused(sessionId, lines);
    const messages = lines.slice(-limit).map((line) => lineView(sessionId, line));
    return { messages, has_more: lines.length > limit };
  }

  /** Whoever sits in a session that is over, or somebody else's, is told so. @throws not_found, conversation_ended */
  private async refused(sessionId: string, refusal: Refusal): Promise<never> {
    await this.rooms.compare([sessionId]);
    if (refusal === 'gone') throw unknownSession();
    throw new KindlineError('conversation_ended', 'This session is not yours any more');
  }
}
