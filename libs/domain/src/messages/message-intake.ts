import { Inject, Injectable, Logger } from '@nestjs/common';
import type { AppendedMessage } from '@kindline/contracts';
import { CLOCK, type Clock } from '@kindline/platform';
import { NEWS_PUBLISHER, type NewsPublisher } from '../announcements/announcer';
import type { IncomingMessage } from './incoming-message';
import { MessageMetrics } from './message-metrics';
import { MessageSurroundings, type Surroundings } from './message-surroundings';
import { type AppendedResult, MessageWriter, type StoredMessage } from './message-writer';
import { type AppendedConversation, MESSAGE_ORIGIN, MESSAGES_HERE, type MessagesHere } from './messages-here';
import { WRITER_POOL, type WriterPool } from './writer-pool';

/** Takes messages from clients: into Postgres in groups, then to the sockets here and to all gateways. */
@Injectable()
export class MessageIntake {
  private readonly logger = new Logger(MessageIntake.name);
  readonly writer: MessageWriter<IncomingMessage, Surroundings>;

  constructor(
    @Inject(WRITER_POOL) pool: WriterPool,
    @Inject(CLOCK) clock: Clock,
    @Inject(MESSAGE_ORIGIN) private readonly origin: string,
    @Inject(NEWS_PUBLISHER) private readonly news: NewsPublisher,
    surroundings: MessageSurroundings,
    private readonly metrics: MessageMetrics,
    @Inject(MESSAGES_HERE) private readonly here: MessagesHere,
  ) {
    this.writer = new MessageWriter({
      pool,
      clock,
      prepare: (messages) => surroundings.prepare(messages),
      onAppended: (stored, waitedMs) => {
        metrics.committed(stored.length, waitedMs / 1_000);
        this.spread(stored);
      },
    });
  }

  /** Resolves after commit; see MessageWriter.append. */
  append(message: IncomingMessage): Promise<StoredMessage> {
    return this.writer.append(message);
  }

  private spread(stored: AppendedResult<IncomingMessage, Surroundings>[]): void {
    const conversations = new Map<string, AppendedConversation>();
    const origins = new Map<string, string>();
    for (const { message, prepared, result } of stored) {
      const { roster } = prepared;
      // It was appended to a conversation that began while its roster was read: the heads will tell.
      if (!roster) continue;
      let conversation = conversations.get(message.conversationId);
      if (!conversation) {
        conversation = {
          id: message.conversationId,
          program: roster.program,
          version: roster.version,
          memberIds: roster.memberIds,
          messages: [],
        };
        conversations.set(message.conversationId, conversation);
      }
      conversation.messages.push(appended(message, result));
      if (message.socketId !== undefined) origins.set(result.id, message.socketId);
    }
    const batch = { gatewayId: this.origin, conversations: [...conversations.values()] };
    for (const conversation of batch.conversations) {
      this.metrics.stored(conversation.program, conversation.messages.length);
      this.here.show(conversation, origins);
    }
    // Lost news are no lost messages: the other gateways compare heads with Postgres.
    this.news
      .publish('messages.appended.v1', batch)
      .catch((err: unknown) => this.logger.warn({ err }, 'a batch could not be published'));
  }
}

function appended(message: IncomingMessage, { id, seq, createdAt }: StoredMessage): AppendedMessage {
  return {
    id,
    seq,
    conversationId: message.conversationId,
    senderId: message.senderId,
    senderSub: message.senderSub,
    senderEmail: message.senderEmail,
    content: message.content,
    type: message.type,
    replyTo: message.replyTo,
    createdAt: createdAt.toISOString(),
  };
}
