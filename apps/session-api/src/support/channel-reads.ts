import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Person } from '@kindline/auth';
import {
  CHANNELS_PROGRAM,
  Conversations,
  MESSAGE_ORIGIN,
  NEWS_PUBLISHER,
  type NewsPublisher,
  type Program,
  Rosters,
} from '@kindline/domain';

/** What a member reads without a socket, shown to the others on theirs. */
@Injectable()
export class ChannelReads {
  private readonly logger = new Logger(ChannelReads.name);

  constructor(
    private readonly conversations: Conversations,
    private readonly rosters: Rosters,
    @Inject(CHANNELS_PROGRAM) private readonly program: Program,
    @Inject(MESSAGE_ORIGIN) private readonly origin: string,
    @Inject(NEWS_PUBLISHER) private readonly news: NewsPublisher,
  ) {}

  /** See Conversations.read; what was known already is not shown again. */
  async read(channelId: string, person: Person, seq: number): Promise<void> {
    const readAt = await this.conversations.read(channelId, person.id, seq, this.program.name);
    const roster = readAt && (await this.rosters.load([channelId])).get(channelId);
    const reader = roster?.members.find(({ id }) => id === person.id);
    // Nobody is told of what was read after the end; the history shows it.
    if (!roster || !reader) return;
    const sign = {
      gatewayId: this.origin,
      conversationId: channelId,
      program: roster.program,
      memberIds: roster.memberIds,
      bySub: person.sub,
      byRole: reader.role,
      socketId: '',
      seq,
      readAt: readAt.toISOString(),
    };
    this.news
      .publish('messages.read.v1', sign)
      .catch((err: unknown) => this.logger.warn({ err }, 'a sign could not be published'));
  }
}
