import { Inject, Injectable } from '@nestjs/common';
import { KindlineError } from '@kindline/contracts';
import { toKindlineError } from '@kindline/platform';
import type { DisconnectReason, Namespace, Socket } from 'socket.io';
import { EventRouter, failure } from '../sockets/event-router';
import type { SideNamespace } from '../sockets/side-namespace';
import { AbsentSides } from './absent-sides';
import { ChatAdmission, ChatRefusal } from './chat-admission';
import { ChatRooms } from './chat-rooms';
import type { SeatSocket } from './seat';

/** Nest token: the router of this namespace's events. */
export const CHAT_ROUTER = Symbol('CHAT_ROUTER');

/** Where anonymous sessions are held: sockets with a chat token, in one session each. */
@Injectable()
export class ChatNamespace implements SideNamespace {
  readonly name = '/counseling';
  private readonly connections = new Map<Socket['conn'], number>();
  private draining = false;

  constructor(
    private readonly admission: ChatAdmission,
    private readonly rooms: ChatRooms,
    private readonly absent: AbsentSides,
    @Inject(CHAT_ROUTER) private readonly router: EventRouter,
  ) {}

  open(namespace: Namespace): void {
    namespace.use((socket, next) => {
      this.admission.enter(socket).then(
        (seat) => {
          socket.data = { seat };
          this.count(socket.conn, 1);
          // Also one that is gone before it was told that it is in leaves its seat.
          const closed = (): void => this.left(seat, 'transport close');
          socket.conn.once('close', closed);
          socket.once('disconnect', (reason) => {
            // The connection may go on for long, with other sockets.
            socket.conn.off('close', closed);
            this.left(seat, reason);
          });
          if (socket.conn.readyState !== 'open') closed();
          next();
        },
        (error: unknown) => next(refusal(error)),
      );
    });
    namespace.on('connection', (socket) => {
      const { seat } = socket.data as { seat: SeatSocket };
      this.router.attach(seat);
      socket.emit('connection_response', { status: 'connected', socket_id: socket.id });
    });
  }

  drain(): void {
    this.draining = true;
    this.absent.expectReturn();
  }

  dropExpired(now: number): void {
    for (const { expiresAt, socket } of [...this.rooms.all()]) {
      if (expiresAt * 1000 > now) continue;
      socket.emit('error', failure(new KindlineError('unauthenticated', 'The chat token has expired')));
      socket.disconnect();
    }
  }

  uses(connection: Socket['conn']): boolean {
    return this.connections.has(connection);
  }

  async settled(): Promise<void> {
    await this.absent.settled();
  }

  private left(seat: SeatSocket, reason: DisconnectReason): void {
    // A seat that is kept is given back when our lease lapses, and its side told what it missed unless it is there.
    const gone = this.rooms.leave(seat.sessionId, seat.id, this.draining);
    if (!gone) return;
    this.count(seat.socket.conn, -1);
    if (gone.last && !this.draining) this.absent.left(seat, gone.heardAt, reason);
  }

  private count(connection: Socket['conn'], change: 1 | -1): void {
    const sockets = (this.connections.get(connection) ?? 0) + change;
    if (sockets > 0) this.connections.set(connection, sockets);
    else this.connections.delete(connection);
  }
}

/** What a client that was not let in sees as `err.data`. */
function refusal(cause: unknown): Error {
  if (cause instanceof ChatRefusal) return Object.assign(new Error(cause.message), { data: cause.data });
  const { code, message } = toKindlineError(cause);
  return Object.assign(new Error(message), { data: { code, message } });
}
