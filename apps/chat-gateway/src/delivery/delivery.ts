import { Inject, Injectable, Logger } from '@nestjs/common';
import type { AppendedMessage, ProgramName } from '@kindline/contracts';
import { GatewayMetrics } from '../gateway-metrics';
import { Connections } from '../sockets/connections';
import { MissedMessages, MOST_MISSED } from './missed-messages';
import { MESSAGE_EMITTERS, type MessageEmitters } from './message-emitter';
import { catchUpWith, changeMembers, type Followed, keepMembers, type Newcomer } from './newcomers';
import { Watchers } from './watchers';

/** How long a gap may stay open for news that merely overtook each other, before Postgres is asked. */
const GAP_GRACE_MS = 50;

/** Most messages that are shown of what came before a conversation was followed here; for more there is the history. */
const MOST_SHOWN_AGAIN = MOST_MISSED;

/** How long messages wait for the news that their conversation began. */
const ANNOUNCEMENT_GRACE_MS = 1_000;

/** A message that came before its turn; `origin` is the socket that sent it, if it was one of ours. */
interface Held {
  message: AppendedMessage;
  origin: string | undefined;
}

interface Tracked extends Followed {
  program: ProgramName;
  /** The conversation's, with these members. */
  version: number;
  held: Map<number, Held>;
  /** Whether its members were told that it began. */
  announced: boolean;
}

export interface DeliverableConversation {
  id: string;
  program: ProgramName;
  version: number;
  memberIds: string[];
  messages: AppendedMessage[];
}

const NO_ORIGINS: ReadonlyMap<string, string> = new Map();

/**
 * Emits each conversation's messages to this gateway's sockets in `seq` order, each once. News of two
 * replicas may overtake each other or get lost: what is missing is fetched from Postgres.
 */
@Injectable()
export class Delivery {
  private readonly logger = new Logger(Delivery.name);
  private readonly tracked = new Map<string, Tracked>();
  private readonly gaps = new Set<string>();
  private repairing: NodeJS.Timeout | undefined;
  private unannounced: (conversationId: string) => Promise<void> = async () => undefined;

  constructor(
    private readonly connections: Connections,
    private readonly missed: MissedMessages,
    private readonly metrics: GatewayMetrics,
    @Inject(MESSAGE_EMITTERS) private readonly emitters: MessageEmitters,
    private readonly watchers: Watchers,
  ) {}

  /** From here on, messages above `lastSeq` are emitted to the members that are connected here. */
  track(conversation: {
    id: string;
    program: ProgramName;
    version: number;
    memberIds: string[];
    lastSeq: number;
  }): void {
    const { id, program, version, memberIds, lastSeq } = conversation;
    const known = this.tracked.get(id);
    if (!known) {
      const next = lastSeq + 1;
      this.tracked.set(id, { program, version, memberIds, next, held: new Map(), announced: true });
      return;
    }
    // News that came while this was read know better.
    if (known.version <= version) {
      known.version = version;
      known.memberIds = memberIds;
    }
    // Nobody was here to see what came meanwhile; whoever connects now reads it from the history.
    if (this.anyoneHere(memberIds)) return;
    known.next = Math.max(known.next, lastSeq + 1);
    known.announced = true;
  }

  /**
   * Its members are these now. Whoever is new is shown what came after they joined, and then with the others what
   * comes.
   * @returns whether one of them is connected here
   */
  follow(conversation: {
    id: string;
    program: ProgramName;
    version: number;
    members: readonly Newcomer[];
    lastSeq: number;
  }): boolean {
    const { id, program, version, members, lastSeq } = conversation;
    const here = members.filter((member) => this.connections.has(member.id));
    const memberIds = members.map((member) => member.id);
    let state = this.tracked.get(id);
    if (here.length === 0 && !state?.announced) return false;
    // Nobody was here for so long that what came meanwhile is nobody's to be shown.
    const isStale =
      here.length > 0 &&
      state !== undefined &&
      state.next + MOST_SHOWN_AGAIN < lastSeq &&
      !this.isSeen(id, state);
    if (!state?.announced || isStale) {
      const from = Math.max(Math.min(...here.map(({ joinedSeq }) => joinedSeq)), lastSeq - MOST_SHOWN_AGAIN);
      const oldest = here.filter(({ joinedSeq }) => joinedSeq <= from).map((member) => member.id);
      const held = state?.held ?? new Map<number, Held>();
      state = { program, version, memberIds: oldest, next: from + 1, held, announced: true };
      this.tracked.set(id, state);
      this.release(id, state);
      if (lastSeq >= state.next) this.repairNow([id]);
    }
    // Whoever has watched was shown what the others were.
    const watching = this.watchers.hearing(id, program, state.version).map(({ person }) => person.id);
    const newcomers = here.filter((member) => !watching.includes(member.id));
    state.version = version;
    for (const newcomer of changeMembers(state, memberIds, newcomers)) this.welcome(id, state, newcomer);
    return here.length > 0;
  }

  /** Only these are members still: nobody else is shown what comes. Whoever is new is told of by the news. */
  retain({ id, version, memberIds }: { id: string; version: number; memberIds: readonly string[] }): void {
    const state = this.tracked.get(id);
    if (!state || version < state.version) return;
    state.version = version;
    keepMembers(state, memberIds);
  }

  /** Its members here have been told that it began: its messages may follow. */
  announced(conversationId: string): void {
    const state = this.tracked.get(conversationId);
    if (!state) return;
    state.announced = true;
    this.release(conversationId, state);
  }

  /** To be told of a conversation whose messages came before the news that it began. */
  onUnannounced(told: (conversationId: string) => Promise<void>): void {
    this.unannounced = told;
  }

  /** The tracked conversations with the last `seq` that was emitted. */
  heads(): Map<string, number> {
    return new Map([...this.tracked].map(([id, { next }]) => [id, next - 1]));
  }

  /** The `seq` up to which the conversation was emitted here, or lay behind whoever came; 0 where it is not followed. */
  head(conversationId: string): number {
    return (this.tracked.get(conversationId)?.next ?? 1) - 1;
  }

  /** Whether its members here know that it began: by its announcement, or from before they connected. */
  isAnnounced(conversationId: string): boolean {
    return this.tracked.get(conversationId)?.announced ?? false;
  }

  untrack(conversationId: string): void {
    this.tracked.delete(conversationId);
    this.gaps.delete(conversationId);
  }

  /** Forgets conversations that nobody here is shown any more. */
  sweep(): void {
    for (const [id, state] of this.tracked) {
      if (!this.isSeen(id, state)) this.untrack(id);
    }
  }

  /** @param origins the sending sockets by message id; they got an ack instead. */
  deliver(conversation: DeliverableConversation, origins: ReadonlyMap<string, string> = NO_ORIGINS): void {
    const { id, program, version, memberIds, messages } = conversation;
    let state = this.tracked.get(id);
    // Who stored it may know already of somebody who has left.
    if (state && state.version < version) this.retain(conversation);
    // Who sent it may not know of a member yet who is known here.
    if (!(state ? this.isSeen(id, state) : this.anyoneHere(memberIds))) return;
    if (!state) {
      // Everything older was tracked when its member connected, so this one began since then.
      state = { program, version, memberIds, next: 1, held: new Map(), announced: false };
      this.tracked.set(id, state);
      this.awaitAnnouncement(id);
    }
    for (const message of messages) {
      if (message.seq < state.next) continue;
      // What was fetched or heard once more does not know its sender's socket any more.
      const origin = origins.get(message.id) ?? state.held.get(message.seq)?.origin;
      if (message.seq === state.next && state.announced) this.emit(state, { message, origin });
      else state.held.set(message.seq, { message, origin });
    }
    this.release(id, state);
  }

  /** Fetches and emits what is missing in these conversations. */
  async repair(conversationIds: Iterable<string>): Promise<void> {
    let incomplete = [...conversationIds];
    while (incomplete.length > 0) {
      const open = incomplete.flatMap((id) => {
        const state = this.tracked.get(id);
        return state && this.isSeen(id, state) ? [{ id, after: state.next - 1 }] : [];
      });
      if (open.length === 0) return;
      const asked = new Map(open.map(({ id, after }) => [id, after]));
      incomplete = [];
      for (const { id, messages } of await this.missed.fetch(open)) {
        const state = this.tracked.get(id);
        if (!state) continue;
        this.metrics.repaired(messages.length);
        const { program, version, memberIds } = state;
        this.deliver({ id, program, version, memberIds, messages });
        // Where nothing was shown by now, because whoever was here has left or is not told yet that it began, asking
        // again would bring the same. What another repair has shown meanwhile is no reason to stop.
        const moved = state.next - 1 > (asked.get(id) ?? 0);
        if (messages.length === MOST_MISSED && moved) incomplete.push(id);
      }
    }
  }

  private isSeen(id: string, { memberIds, joining }: Tracked): boolean {
    return this.anyoneHere(memberIds) || (joining !== undefined && joining.size > 0) || this.watchers.has(id);
  }

  private anyoneHere(memberIds: string[]): boolean {
    return memberIds.some((member) => this.connections.has(member));
  }

  /** Nobody waits for ever: where its beginning cannot be told its messages are. */
  private awaitAnnouncement(id: string): void {
    const tell = (): void => this.announceUntold(id);
    setTimeout(tell, ANNOUNCEMENT_GRACE_MS).unref();
    this.unannounced(id).catch((err: unknown) => {
      this.logger.warn({ err, conversationId: id }, 'the beginning of a conversation could not be read');
    });
  }

  private announceUntold(id: string): void {
    const state = this.tracked.get(id);
    if (!state || state.announced) return;
    // Since when its members are members is not known; all of it might be a lot.
    if (this.emitters[state.program]?.joinable && state.held.size > 0)
      state.next = Math.min(...state.held.keys());
    this.announced(id);
  }

  private welcome(id: string, state: Tracked, newcomer: Newcomer): void {
    catchUpWith(state, newcomer, {
      repair: () => this.repair([id]),
      fetch: async (after) => (await this.missed.fetch([{ id, after }]))[0]?.messages ?? [],
      show: (message) => this.emitTo([newcomer.id], state, { message, origin: undefined }),
    }).catch((err: unknown) => {
      // The history has it.
      this.logger.warn({ err, conversationId: id }, 'a new member could not be shown what came meanwhile');
    });
  }

  private release(id: string, state: Tracked): void {
    if (!state.announced) return;
    for (let held = state.held.get(state.next); held; held = state.held.get(state.next)) {
      state.held.delete(held.message.seq);
      this.emit(state, held);
    }
    if (state.held.size === 0) {
      this.gaps.delete(id);
      return;
    }
    for (const seq of state.held.keys()) if (seq < state.next) state.held.delete(seq);
    if (state.held.size === 0) return;
    this.gaps.add(id);
    this.repairing ??= setTimeout(() => this.repairGaps(), GAP_GRACE_MS);
  }

  private repairGaps(): void {
    this.repairing = undefined;
    const gaps = [...this.gaps];
    this.gaps.clear();
    this.repairNow(gaps);
  }

  private repairNow(ids: string[]): void {
    this.repair(ids).catch((err: unknown) => {
      // The next message or the next comparison of heads tries again.
      this.logger.warn({ err, conversations: ids.length }, 'missed messages could not be fetched');
    });
  }

  private emit(state: Tracked, held: Held): void {
    state.next = held.message.seq + 1;
    this.emitTo(state.memberIds, state, held);
    const { program, version, memberIds } = state;
    for (const own of this.watchers.hearing(held.message.conversationId, program, version)) {
      const emitter = this.emitters[program];
      if (!emitter || own.id === held.origin || memberIds.includes(own.person.id)) continue;
      own.socket.emit(emitter.event, emitter.payload(held.message));
      this.metrics.delivered();
    }
  }

  private emitTo(memberIds: readonly string[], { program }: Tracked, { message, origin }: Held): void {
    const emitter = this.emitters[program];
    if (!emitter) return;
    const payload = emitter.payload(message);
    for (const memberId of memberIds) {
      for (const { id, socket } of this.connections.socketsOf(memberId)) {
        if (id === origin && !emitter.toOrigin) continue;
        socket.emit(emitter.event, payload);
        this.metrics.delivered();
      }
    }
  }
}
