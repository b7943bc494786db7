import { Injectable } from '@nestjs/common';
import {
  chatHistory,
  type ChatPermission,
  chatSend,
  chatTyping,
  endSession,
  KindlineError,
} from '@kindline/contracts';
import { AnonymousSessions, anonymousOf, Programs, SessionStore, unknownSession } from '@kindline/domain';
import type { z } from 'zod';
import type { ClientEvent, Dialect } from '../sockets/client-event';
import { AbsentSides } from './absent-sides';
import { ChatRooms, lineView } from './chat-rooms';
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
      handle: ({ id: origin, sessionId, anonymousId: from }, { on }) =>
        this.store.typing(sessionId, { origin, from, on }),
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
      { side, from, content, clientId, origin },
      this.retention,
    );
    if (typeof stored === 'string') {
      if (stored === 'full')
        throw new KindlineError('too_large', 'This session holds as many messages as it can');
      // Whoever sits in a session that is over is told so.
      await this.rooms.compare([sessionId]);
      if (stored === 'gone') throw unknownSession();
      throw new KindlineError('conversation_ended', 'This session is not yours any more');
    }
    const other = side === 'seeker' ? 'helper' : 'seeker';
    if (!stored.duplicate && (other === 'seeker' || this.rooms.isActive(sessionId)))
      this.absent.saidTo(sessionId, other, stored.others);
    const { id, timestamp } = lineView(sessionId, { seq: stored.seq, at: stored.at, side, from, content });
    return { id, timestamp, duplicate: stored.duplicate };
  }

  private async history({ sessionId }: SeatSocket, { before, limit }: z.output<typeof chatHistory>) {
    const bound = before === undefined ? undefined : boundOf(sessionId, before);
    // One more than asked tells whether there are more.
    const lines = await this.store.page(sessionId, { before: bound, limit: limit + 1 });
    if (!lines) {
      await this.rooms.compare([sessionId]);
      throw unknownSession();
    }
    const messages = lines.slice(-limit).map((line) => lineView(sessionId, line));
    return { messages, has_more: lines.length > limit };
  }
}

/** A message's id, or a time. @throws validation_failed */
function boundOf(sessionId: string, before: string): number | Date {
  const [id, seq] = before.split(/:(\d{1,9})$/);
  if (id === sessionId && seq !== undefined) return Number(seq);
  const time = new Date(before);
  if (/^\d{4}-\d\d-\d\dT/.test(before) && !Number.isNaN(time.getTime())) return time;
  const message = 'must be the id or the timestamp of a message of this session';
  throw new KindlineError('validation_failed', `before: ${message}`, {
    errors: [{ path: 'before', message }],
  });
}
