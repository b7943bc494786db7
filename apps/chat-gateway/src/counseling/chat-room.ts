import type { CounselingChatEvents, SessionEnded } from '@kindline/contracts';
import type { SessionLine, Side } from '@kindline/domain';
import { Turns } from '../sockets/turns';
import type { SeatSocket } from './seat';
import { lineView } from './chat-line';

/** A session with at least one socket here: who sits in it, and what they have been shown. */
export class ChatRoom {
  readonly seats = new Map<string, SeatSocket>();
  /** When each side last said something, in ms since 1970. */
  readonly spoke = new Map<Side, number>();
  version = 0;
  private head: { seq: number; at: number } | undefined;
  private early = false;
  private readonly leaving = new WeakSet<SeatSocket>();

  constructor(
    readonly sessionId: string,
    private readonly delivered: () => void,
  ) {}

  /** The last message that was shown. */
  get shown(): { seq: number; at: number } | undefined {
    return this.head;
  }

  /**
   * A socket sits down, and finds so many messages.
   * @returns whether something was said before it was known from where on to show
   */
  take(seat: SeatSocket, { count, lastAt }: { count: number; lastAt: number }): boolean {
    // While nobody sits here nothing is published to here: it is older than the newcomer, who reads it from the
    // history.
    if (this.seats.size === 0) this.head = { seq: count, at: lastAt };
    this.seats.set(seat.id, seat);
    const { early } = this;
    this.early = false;
    return early;
  }

  has(side: Side): boolean {
    return [...this.seats.values()].some((seat) => seat.side === side);
  }

  /**
   * Shows a message if it is the next one.
   * @param helperAnonymousId to whom it was said or who said it: nobody else is shown it as the helper
   * @returns false when something before it is missing
   */
  come(line: SessionLine, helperAnonymousId: string): boolean {
    const { head } = this;
    if (!head) {
      this.early = true;
      return true;
    }
    // Said later than what was shown in its place: Redis came back with less than it had.
    const anew = line.seq <= head.seq && line.at > head.at;
    if (line.seq <= head.seq && !anew) return true;
    if (line.seq > head.seq + 1) return false;
    this.show(line, helperAnonymousId);
    return true;
  }

  show(line: SessionLine, helperAnonymousId: string): void {
    this.head = { seq: line.seq, at: line.at };
    this.spoke.set(line.side, line.at);
    const view = lineView(this.sessionId, line);
    for (const seat of this.present()) {
      if (seat.id === line.origin || (seat.side === 'helper' && seat.anonymousId !== helperAnonymousId))
        continue;
      seat.socket.emit('message', view);
      this.delivered();
    }
  }

  typing({ origin, from, on }: { origin: string; from: string; on: boolean }): void {
    for (const { id, socket } of this.present()) if (id !== origin) socket.emit('typing', { from, on });
  }

  /** Emits to a side's sockets here. */
  emit<Name extends keyof CounselingChatEvents>(
    side: Side,
    event: Name,
    ...payload: Parameters<CounselingChatEvents[Name]>
  ): void {
    for (const seat of this.present()) if (seat.side === side) seat.socket.emit(event, ...payload);
  }

  /** It is over, or somebody else's: whoever it concerns is shown nothing more, told, and let go. */
  end(end: SessionEnded, concerned: (seat: SeatSocket) => boolean = () => true): void {
    for (const seat of [...this.present()].filter(concerned)) {
      this.leaving.add(seat);
      const { id, socket } = seat;
      const turns = (seat.turns ??= new Turns());
      // After the answers to what it has asked, its own wish to end among them: they would be lost with it.
      turns.enter(true, () => {
        if (this.seats.has(id)) {
          socket.emit('session_ended', end);
          // The namespace only: the connection may carry others.
          socket.disconnect();
        }
        turns.done();
      });
    }
  }

  private *present(): Iterable<SeatSocket> {
    for (const seat of this.seats.values()) if (!this.leaving.has(seat)) yield seat;
  }
}
