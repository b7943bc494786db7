import { Inject, Injectable, Logger } from '@nestjs/common';
import type { ChatLine, CounselingChatEvents, SessionEnded } from '@kindline/contracts';
import {
  channelOf,
  readSignal,
  type SessionContext,
  type SessionLine,
  SessionStore,
  type Side,
} from '@kindline/domain';
import { Channels } from '@kindline/platform';
import { GATEWAY_ID } from '../gateway-env';
import { GatewayMetrics } from '../gateway-metrics';
import { Turns } from '../sockets/turns';
import { ENDED_BY, type SeatSocket } from './seat';

/** A session with at least one socket here. */
interface Room {
  readonly sessionId: string;
  readonly seats: Map<string, SeatSocket>;
  /** Sockets that are here or on their way in; the room goes with the last one. */
  users: number;
  heard: Promise<void>;
  status: SessionContext['status'] | undefined;
  version: number;
  /** The last message that was shown; undefined until the first socket is in. */
  head: number | undefined;
  /** When each side last said something, in ms since 1970. */
  readonly spoke: Map<Side, number>;
  comparing: Promise<void> | undefined;
  again: boolean;
}

export const lineView = (sessionId: string, { seq, at, from, content }: SessionLine): ChatLine => ({
  id: `${sessionId}:${seq}`,
  sessionId,
  from,
  content,
  timestamp: new Date(at).toISOString(),
  type: 'chat_message',
});

/**
 * Sessions as this gateway shows them. A session's messages, signs and changes come over its own channel, to
 * gateways with a socket in it only, and in the order in which Redis stored them: also what was sent from here.
 */
@Injectable()
export class ChatRooms {
  private readonly logger = new Logger(ChatRooms.name);
  private readonly rooms = new Map<string, Room>();

  constructor(
    private readonly store: SessionStore,
    private readonly channels: Channels,
    private readonly metrics: GatewayMetrics,
    @Inject(GATEWAY_ID) private readonly gatewayId: string,
  ) {}

  /**
   * Joins: from here on everything that is said is shown.
   * @returns why not, if not
   */
  async enter(
    seat: Omit<SeatSocket, 'version'>,
  ): Promise<{ seat: SeatSocket } | { refusal: 'gone' | 'ended' | 'replaced' }> {
    const { sessionId, side, anonymousId, id: socketId } = seat;
    const room = this.rooms.get(sessionId) ?? this.open(sessionId);
    room.users++;
    try {
      await room.heard;
      const sat = await this.store.sit(sessionId, { side, anonymousId, socketId, gatewayId: this.gatewayId });
      if (typeof sat === 'string') {
        this.release(room);
        return { refusal: sat };
      }
      // What was published between hearing and sitting is older than the newcomer, who reads it from the history.
      room.head ??= sat.count;
      if (sat.version > room.version) Object.assign(room, { version: sat.version, status: sat.status });
      const own = Object.assign(seat, { version: sat.version });
      room.seats.set(socketId, own);
      return { seat: own };
    } catch (error) {
      this.release(room);
      throw error;
    }
  }

  /** Repeating it does nothing. @returns whether it was there, and the last one of its side here */
  leave(sessionId: string, socketId: string): { last: boolean; heardAt: number } | undefined {
    const room = this.rooms.get(sessionId);
    const seat = room?.seats.get(socketId);
    if (!room || !seat) return undefined;
    room.seats.delete(socketId);
    this.release(room);
    this.store.stand(sessionId, socketId).catch((err: unknown) => {
      // It goes with the session; until then its gateway's lease tells whether it is one.
      this.logger.debug({ err }, 'a seat could not be given back');
    });
    const last = ![...room.seats.values()].some(({ side }) => side === seat.side);
    return { last, heardAt: room.spoke.get(seat.side === 'seeker' ? 'helper' : 'seeker') ?? 0 };
  }

  /** All sockets in sessions here. */
  *all(): Iterable<SeatSocket> {
    for (const { seats } of this.rooms.values()) yield* seats.values();
  }

  get ids(): string[] {
    return [...this.rooms.keys()];
  }

  has(sessionId: string, side: Side): boolean {
    return [...(this.rooms.get(sessionId)?.seats.values() ?? [])].some((seat) => seat.side === side);
  }

  /** Whether somebody has it as the helper, as far as is known here. */
  isActive(sessionId: string): boolean {
    return this.rooms.get(sessionId)?.status === 'active';
  }

  /** Emits to a side's sockets here, or to both sides'. */
  emit<Name extends keyof CounselingChatEvents>(
    sessionId: string,
    side: Side | 'both',
    event: Name,
    ...payload: Parameters<CounselingChatEvents[Name]>
  ): void {
    for (const seat of this.rooms.get(sessionId)?.seats.values() ?? []) {
      if (side === 'both' || seat.side === side) seat.socket.emit(event, ...payload);
    }
  }

  /** It is over, or somebody else's: whoever it concerns here is told and let go. */
  end(end: SessionEnded, concerned: (seat: SeatSocket) => boolean = () => true): void {
    const room = this.rooms.get(end.sessionId);
    for (const seat of [...(room?.seats.values() ?? [])].filter(concerned)) {
      const { id, socket } = seat;
      const turns = (seat.turns ??= new Turns());
      // After the answers to what it has asked, its own wish to end among them: they would be lost with it.
      turns.enter(true, () => {
        if (room?.seats.has(id)) {
          socket.emit('session_ended', end);
          // The namespace only: the connection may carry others.
          socket.disconnect();
        }
        turns.done();
      });
    }
  }

  /** Looks what of these sessions was missed: messages, changes, that they are gone. */
  async compare(sessionIds: readonly string[] = this.ids): Promise<void> {
    const rooms = sessionIds.flatMap((id) => this.rooms.get(id) ?? []);
    await Promise.all(rooms.map((room) => this.compareRoom(room)));
  }

  private open(sessionId: string): Room {
    const room: Room = {
      sessionId,
      seats: new Map(),
      users: 0,
      heard: this.channels.listen(channelOf(sessionId), (text) => this.hear(room, text)),
      status: undefined,
      version: 0,
      head: undefined,
      spoke: new Map(),
      comparing: undefined,
      again: false,
    };
    this.rooms.set(sessionId, room);
    return room;
  }

  private release(room: Room): void {
    room.users--;
    if (room.users > 0 || this.rooms.get(room.sessionId) !== room) return;
    this.rooms.delete(room.sessionId);
    this.channels.leave(channelOf(room.sessionId));
  }

  private hear(room: Room, text: string): void {
    const signal = readSignal(text);
    if (!signal) return;
    if (signal.kind === 'state') return this.look(room);
    if (signal.kind === 'typing') {
      const { origin, from, on } = signal;
      for (const { id, socket } of room.seats.values())
        if (id !== origin) socket.emit('typing', { from, on });
      return;
    }
    const { line, origin } = signal;
    if (room.head === undefined || line.seq <= room.head) return;
    if (line.seq === room.head + 1) this.show(room, line, origin);
    else this.look(room);
  }

  private show(room: Room, line: SessionLine, origin?: string): void {
    room.head = line.seq;
    room.spoke.set(line.side, line.at);
    const view = lineView(room.sessionId, line);
    for (const { id, socket } of room.seats.values()) {
      if (id === origin) continue;
      socket.emit('message', view);
      this.metrics.delivered();
    }
  }

  private look(room: Room): void {
    this.compareRoom(room).catch((err: unknown) => {
      // The next comparison tries again.
      this.logger.debug({ err }, 'a session could not be compared');
    });
  }

  private async compareRoom(room: Room): Promise<void> {
    room.again = true;
    room.comparing ??= this.catchUp(room).finally(() => (room.comparing = undefined));
    await room.comparing;
  }

  private async catchUp(room: Room): Promise<void> {
    while (room.again) {
      room.again = false;
      const { sessionId, head } = room;
      const [context, count] = await Promise.all([
        this.store.context(sessionId),
        this.store.count(sessionId),
      ]);
      // A Redis that came back with less than it had: what is said next is new.
      if (head !== undefined && count < head) room.head = count;
      if (room.head !== undefined && count > room.head) {
        for (const line of await this.store.after(sessionId, room.head))
          if (line.seq === room.head + 1) this.show(room, line);
      }
      this.adopt(room, context);
    }
  }

  private adopt(room: Room, context: SessionContext | undefined): void {
    const { sessionId } = room;
    if (!context) return this.end({ sessionId, endedBy: 'system', reason: 'expired' });
    if (context.status === 'ended') {
      const endedBy = ENDED_BY[context.endedBy ?? 'system'];
      return this.end({ sessionId, endedBy, reason: 'ended' });
    }
    const came = context.status === 'active' && room.version < context.version && room.status === 'queued';
    room.status = context.status;
    room.version = context.version;
    this.end(
      { sessionId, endedBy: 'system', reason: 'counselor_lost' },
      ({ side, anonymousId }) => side === 'helper' && anonymousId !== context.helperAnonymousId,
    );
    if (came) this.emit(sessionId, 'seeker', 'counseling:assigned', { sessionId });
  }
}
