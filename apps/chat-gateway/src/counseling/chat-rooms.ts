import { Inject, Injectable, Logger } from '@nestjs/common';
import type { CounselingChatEvents } from '@kindline/contracts';
import {
  channelOf,
  ForgottenSessions,
  readSignal,
  type Refusal,
  type SessionLine,
  type SessionLook,
  SessionStore,
  type Side,
} from '@kindline/domain';
import { Channels } from '@kindline/platform';
import { GATEWAY_ID } from '../gateway-env';
import { GatewayMetrics } from '../gateway-metrics';
import { ChatRoom } from './chat-room';
import { ENDED_BY, type SeatSocket } from './seat';

interface Hosted {
  room: ChatRoom;
  /** Sockets that are here or on their way in; the room goes with the last one. */
  users: number;
  heard: Promise<void>;
  comparing: Promise<void> | undefined;
  again: boolean;
}

/**
 * Sessions as this gateway shows them. A session's messages, signs and changes come over its own channel, to
 * gateways with a socket in it only. What is sent from here is shown as soon as Redis has answered; it is shown in
 * the order in which Redis stored it all the same, because a gap is looked up first.
 */
@Injectable()
export class ChatRooms {
  private readonly logger = new Logger(ChatRooms.name);
  private readonly rooms = new Map<string, Hosted>();
  /** Seats that Redis may still have of sockets that have gone, by socket. */
  private readonly empty = new Map<string, string>();

  constructor(
    private readonly store: SessionStore,
    private readonly forgotten: ForgottenSessions,
    private readonly channels: Channels,
    private readonly metrics: GatewayMetrics,
    @Inject(GATEWAY_ID) private readonly gatewayId: string,
  ) {}

  /**
   * Joins: from here on everything that is said is shown.
   * @returns why not, if not
   */
  async enter(seat: Omit<SeatSocket, 'version'>): Promise<{ seat: SeatSocket } | { refusal: Refusal }> {
    const { sessionId, id: socketId } = seat;
    const hosted = this.rooms.get(sessionId) ?? this.open(sessionId);
    const { room } = hosted;
    hosted.users++;
    try {
      await hosted.heard;
      const sat = await this.sit(seat);
      if (typeof sat === 'string') {
        this.release(hosted);
        return { refusal: sat };
      }
      if (room.version === 0) room.version = sat.version;
      const own = Object.assign(seat, { version: sat.version });
      const missed = room.take(own, sat);
      if (missed || sat.version > room.version) this.look(hosted);
      return { seat: own };
    } catch (error) {
      // It may have been seated all the same.
      this.empty.set(socketId, sessionId);
      this.release(hosted);
      throw error;
    }
  }

  /**
   * Repeating it does nothing.
   * @param keepsSeat whether Redis keeps its seat
   * @returns whether it was there, and the last one of its side here
   */
  leave(
    sessionId: string,
    socketId: string,
    keepsSeat = false,
  ): { last: boolean; heardAt: number } | undefined {
    const hosted = this.rooms.get(sessionId);
    const seat = hosted?.room.seats.get(socketId);
    if (!hosted || !seat) return undefined;
    const { room } = hosted;
    room.seats.delete(socketId);
    this.release(hosted);
    if (!keepsSeat) {
      this.empty.set(socketId, sessionId);
      void this.standUp(socketId, sessionId);
    }
    return {
      last: !room.has(seat.side),
      heardAt: room.spoke.get(seat.side === 'seeker' ? 'helper' : 'seeker') ?? 0,
    };
  }

  /** All sockets in sessions here. */
  *all(): Iterable<SeatSocket> {
    for (const { room } of this.rooms.values()) yield* room.seats.values();
  }

  has(sessionId: string, side: Side): boolean {
    return this.rooms.get(sessionId)?.room.has(side) ?? false;
  }

  /** Shows what was stored from here. */
  stored(sessionId: string, line: SessionLine, helperAnonymousId: string): void {
    const hosted = this.rooms.get(sessionId);
    if (hosted && !hosted.room.come(line, helperAnonymousId)) this.look(hosted);
  }

  /** Emits to a side's sockets here. */
  emit<Name extends keyof CounselingChatEvents>(
    sessionId: string,
    side: Side,
    event: Name,
    ...payload: Parameters<CounselingChatEvents[Name]>
  ): void {
    this.rooms.get(sessionId)?.room.emit(side, event, ...payload);
  }

  /** Looks what of these sessions was missed: messages, changes, that they are gone. */
  async compare(sessionIds: readonly string[] = [...this.rooms.keys()]): Promise<void> {
    for (const [socketId, sessionId] of this.empty) void this.standUp(socketId, sessionId);
    await Promise.all(
      sessionIds.flatMap((id) => {
        const hosted = this.rooms.get(id);
        return hosted ? [this.compareOne(hosted)] : [];
      }),
    );
  }

  private open(sessionId: string): Hosted {
    const hosted: Hosted = {
      room: new ChatRoom(sessionId, () => this.metrics.delivered()),
      users: 0,
      heard: this.channels.listen(channelOf(sessionId), (text) => this.hear(hosted, text)),
      comparing: undefined,
      again: false,
    };
    this.rooms.set(sessionId, hosted);
    return hosted;
  }

  private release(hosted: Hosted): void {
    const { sessionId } = hosted.room;
    hosted.users--;
    if (hosted.users > 0 || this.rooms.get(sessionId) !== hosted) return;
    this.rooms.delete(sessionId);
    this.channels.leave(channelOf(sessionId));
  }

  private sit({ sessionId, side, anonymousId, id: socketId }: Omit<SeatSocket, 'version'>) {
    return this.store.sit(sessionId, { side, anonymousId, socketId, gatewayId: this.gatewayId });
  }

  /** Tried until it is done: an empty seat looks like somebody who need not be told by push. */
  private async standUp(socketId: string, sessionId: string): Promise<void> {
    try {
      await this.store.stand(sessionId, socketId);
      this.empty.delete(socketId);
    } catch (err) {
      this.logger.debug({ err }, 'a seat could not be given back');
    }
  }

  /** A Redis that came back with less than it had may lack seats: who has none is not published to. */
  private async sitAgain({ sessionId, seats }: ChatRoom): Promise<void> {
    const own = [...seats.values()];
    const seated = await this.store.seated(
      sessionId,
      own.map(({ id }) => id),
    );
    for (const [index, seat] of own.entries()) {
      if (seated[index] || !seats.has(seat.id)) continue;
      await this.sit(seat);
      if (!seats.has(seat.id)) await this.store.stand(sessionId, seat.id);
    }
  }

  private hear(hosted: Hosted, text: string): void {
    const signal = readSignal(text);
    if (!signal) return;
    if (signal.kind === 'typing') hosted.room.typing(signal);
    else if (signal.kind === 'state' || !hosted.room.come(signal.line, signal.helperAnonymousId))
      this.look(hosted);
  }

  private look(hosted: Hosted): void {
    this.compareOne(hosted).catch((err: unknown) => {
      // The next comparison tries again.
      this.logger.debug({ err }, 'a session could not be compared');
    });
  }

  private async compareOne(hosted: Hosted): Promise<void> {
    hosted.again = true;
    hosted.comparing ??= this.catchUp(hosted).finally(() => (hosted.comparing = undefined));
    await hosted.comparing;
  }

  private async catchUp(hosted: Hosted): Promise<void> {
    const { room } = hosted;
    while (hosted.again) {
      hosted.again = false;
      // First: what is said after it is published to here, and what was said before it is read now.
      await this.sitAgain(room);
      const now = await this.store.look(room.sessionId);
      this.adopt(room, now);
      if (now) await this.showMissed(room, now);
    }
  }

  /** What was said since the last message that was shown; where its place is another's by now, all that is newer. */
  private async showMissed(room: ChatRoom, now: SessionLook): Promise<void> {
    const from = room.shown;
    if (!from || (now.count <= from.seq && now.lastAt <= from.at)) return;
    const lines = await this.store.after(room.sessionId, Math.max(0, from.seq - 1));
    const inPlace = from.seq === 0 || lines[0]?.at === from.at;
    const found = inPlace ? lines : await this.store.after(room.sessionId, 0);
    for (const line of found) {
      // Asked anew each time: meanwhile some may have come over the channel.
      const { seq, at } = room.shown ?? from;
      if (inPlace ? line.seq > seq : line.at > at) room.show(line, now.helperAnonymousId ?? '');
    }
  }

  private adopt(room: ChatRoom, now: SessionLook | undefined): void {
    const { sessionId } = room;
    if (!now) {
      room.end({ sessionId, endedBy: 'system', reason: 'expired' });
      this.forgotten
        .forget([sessionId])
        .catch((err: unknown) => this.logger.warn({ err }, 'a forgotten session could not be removed'));
      return;
    }
    if (now.status === 'ended') {
      room.end({ sessionId, endedBy: ENDED_BY[now.endedBy ?? 'system'], reason: 'ended' });
      return;
    }
    const came = now.status === 'active' && now.version > room.version;
    room.version = now.version;
    room.end(
      { sessionId, endedBy: 'system', reason: 'counselor_lost' },
      ({ side, anonymousId }) => side === 'helper' && anonymousId !== now.helperAnonymousId,
    );
    if (came) room.emit('seeker', 'counseling:assigned', { sessionId });
  }
}
