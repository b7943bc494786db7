import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Person } from '@kindline/auth';
import { KindlineError, type ProgramName, type TransportNews } from '@kindline/contracts';
import {
  Conversations,
  type MemberRole,
  NEWS_PUBLISHER,
  type NewsPublisher,
  type ReadMark,
  Rosters,
} from '@kindline/domain';
import { GATEWAY_ID } from '../gateway-env';
import type { PersonSocket } from '../sockets/connections';
import { NEWS_RELAYS, type NewsRelay } from './news-relay';

type Sign = 'messages.read.v1' | 'messages.typing.v1';

/** What one member's socket shows the other sockets of a conversation: how far they have read, that they type. */
@Injectable()
export class Signs {
  private readonly logger = new Logger(Signs.name);
  private readonly relays: Map<string, NewsRelay>;

  constructor(
    private readonly conversations: Conversations,
    private readonly rosters: Rosters,
    @Inject(NEWS_RELAYS) relays: NewsRelay[],
    @Inject(GATEWAY_ID) private readonly gatewayId: string,
    @Inject(NEWS_PUBLISHER) private readonly news: NewsPublisher,
  ) {
    this.relays = new Map(relays.map((relay) => [relay.program, relay]));
  }

  /** See Conversations.read; what was known already is not shown again. */
  async read(socket: PersonSocket, program: ProgramName, conversationId: string, seq: number): Promise<void> {
    const readAt = await this.conversations.read(conversationId, socket.person.id, seq, program);
    if (readAt) await this.showRead(socket, program, conversationId, { seq, readAt });
  }

  /** See Conversations.opened; shows what that marked as read. */
  async opened(
    socket: PersonSocket,
    program: ProgramName,
    conversationId: string,
    role: MemberRole,
  ): Promise<void> {
    const mark = await this.conversations.opened(conversationId, socket.person.id, role, program);
    if (mark) await this.showRead(socket, program, conversationId, mark);
  }

  /** Never stored. @throws not_found, forbidden, conversation_ended */
  async typing(
    { person, id: socketId }: PersonSocket,
    program: ProgramName,
    conversationId: string,
    on: boolean,
  ): Promise<void> {
    const sign = await this.signOf(person, program, conversationId, socketId);
    if (sign) return this.show('messages.typing.v1', { ...sign, on });
    await this.conversations.requireMember(conversationId, person.id, undefined, program);
    throw new KindlineError('conversation_ended');
  }

  private async showRead(
    { person, id: socketId }: PersonSocket,
    program: ProgramName,
    conversationId: string,
    { seq, readAt }: ReadMark,
  ): Promise<void> {
    const sign = await this.signOf(person, program, conversationId, socketId);
    // Nobody is told of what was read after the end; the history shows it.
    if (sign) this.show('messages.read.v1', { ...sign, seq, readAt: readAt.toISOString() });
  }

  /** Undefined where the conversation is not an active one of this program with this person in it. */
  private async signOf(person: Person, program: ProgramName, conversationId: string, socketId: string) {
    const roster = await this.rosters.of(conversationId);
    const member = roster?.members.find(({ id }) => id === person.id);
    if (roster?.program !== program || !member) return undefined;
    const { gatewayId } = this;
    const { memberIds } = roster;
    return {
      gatewayId,
      conversationId,
      program,
      memberIds,
      bySub: person.sub,
      byRole: member.role,
      socketId,
    };
  }

  private show<Name extends Sign>(name: Name, sign: TransportNews[Name]): void {
    const relay = this.relays.get(sign.program)?.relay[name] as
      ((sign: TransportNews[Name]) => void) | undefined;
    relay?.(sign);
    this.news
      .publish(name, sign)
      .catch((err: unknown) => this.logger.warn({ err, sign: name }, 'a sign could not be published'));
  }
}
