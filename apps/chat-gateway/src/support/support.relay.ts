import { Inject, Injectable } from '@nestjs/common';
import type { AppendedMessage, SupportServerEvents } from '@kindline/contracts';
import { channelState, CHANNELS_PROGRAM, type Program } from '@kindline/domain';
import type { MessageEmitter } from '../delivery/message-emitter';
import type { NewsRelay, Relayed } from '../delivery/news-relay';
import { Connections } from '../sockets/connections';
import { HelpersHere } from '../sockets/helpers-here';

/** Translates news of support channels into their server events. */
@Injectable()
export class SupportRelay implements NewsRelay {
  readonly program = 'support';

  constructor(
    private readonly connections: Connections,
    private readonly helpers: HelpersHere,
    @Inject(CHANNELS_PROGRAM) private readonly channels: Program,
  ) {}

  readonly relay: NewsRelay['relay'] = {
    'request.invited.v1': () => undefined,
    'request.accepted.v1': () => undefined,
    'request.closed.v1': () => undefined,
    'conversation.started.v1': () => undefined,
    'conversation.changed.v1': (news) => this.updated(news),
    'conversation.ended.v1': () => undefined,
    'messages.read.v1': ({ conversationId: channelId, memberIds, bySub: by, seq, socketId }) =>
      this.connections.emitToOthers<SupportServerEvents, 'channel:read'>(
        socketId,
        memberIds,
        'channel:read',
        { channelId, seq, by },
      ),
    'messages.typing.v1': ({ conversationId: channelId, memberIds, bySub: by, on, socketId }) =>
      this.connections.emitToOthers<SupportServerEvents, 'channel:typing'>(
        socketId,
        memberIds,
        'channel:typing',
        { channelId, on, by },
      ),
    'helpers.changed.v1': () => undefined,
  };

  /** Nobody is asked: a channel that waits is shown to everyone who could take it. */
  invite(): void {}

  withdraw(): void {}

  /** Whoever could take it learns what it is about only while they may look into it. */
  private updated({ conversation, waiting, wasWaiting, ...state }: Relayed<'conversation.changed.v1'>): void {
    const { id, members } = conversation;
    const channel = channelState({ ...state, id, members });
    const memberIds = members.map((member) => member.id);
    this.connections.emit<SupportServerEvents, 'channel:updated'>(memberIds, 'channel:updated', { channel });
    if (!waiting && !wasWaiting) return;
    const { status, claimed } = channel;
    const { helperRole } = this.channels;
    // Whoever is no active helper any more is shown none, but may have been shown this one before.
    const here = waiting ? this.helpers.of(this.program) : (this.connections.helpers.get(helperRole) ?? []);
    this.connections.emitInRole<SupportServerEvents, 'channel:updated'>(
      helperRole,
      [...here].filter((helper) => !memberIds.includes(helper)),
      'channel:updated',
      { channel: waiting ? channel : { id, status, claimed } },
    );
  }
}

/** A stored message as `channel:message`; the sending socket has its ack instead. */
export const channelMessageEmitter: MessageEmitter = {
  event: 'channel:message' satisfies keyof SupportServerEvents,
  toOrigin: false,
  joinable: true,
  payload: (message: AppendedMessage): Parameters<SupportServerEvents['channel:message']>[0] => ({
    id: message.id,
    channelId: message.conversationId,
    seq: message.seq,
    senderId: message.senderSub,
    content: message.content,
    createdAt: message.createdAt,
  }),
};
