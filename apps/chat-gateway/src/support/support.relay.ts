import { Inject, Injectable } from '@nestjs/common';
import type { AppendedMessage, SupportServerEvents } from '@kindline/contracts';
import { channelState, CHANNELS_PROGRAM, type Program } from '@kindline/domain';
import type { MessageEmitter } from '../delivery/message-emitter';
import type { NewsRelay, Relayed } from '../delivery/news-relay';
import { Watchers } from '../delivery/watchers';
import { Connections } from '../sockets/connections';
import { HelpersHere } from '../sockets/helpers-here';

/** Translates news of support channels into their server events. */
@Injectable()
export class SupportRelay implements NewsRelay {
  readonly program = 'support';

  constructor(
    private readonly connections: Connections,
    private readonly helpers: HelpersHere,
    private readonly watchers: Watchers,
    @Inject(CHANNELS_PROGRAM) private readonly channels: Program,
  ) {}

  readonly relay: NewsRelay['relay'] = {
    'request.invited.v1': () => undefined,
    'request.accepted.v1': () => undefined,
    'request.closed.v1': () => undefined,
    'conversation.started.v1': () => undefined,
    'conversation.changed.v1': (news) => this.updated(news),
    'conversation.ended.v1': () => undefined,
    'messages.read.v1': (sign) =>
      this.sign('channel:read', sign, { channelId: sign.conversationId, seq: sign.seq, by: sign.bySub }),
    'messages.typing.v1': (sign) =>
      this.sign('channel:typing', sign, { channelId: sign.conversationId, on: sign.on, by: sign.bySub }),
    'helpers.changed.v1': () => undefined,
  };

  /** Nobody is asked: a channel that waits is shown to everyone who could take it. */
  invite(): void {}

  withdraw(): void {}

  private sign<Name extends 'channel:read' | 'channel:typing'>(
    event: Name,
    { conversationId, memberIds, socketId }: Relayed<'messages.read.v1' | 'messages.typing.v1'>,
    ...payload: Parameters<SupportServerEvents[Name]>
  ): void {
    this.connections.emitToOthers<SupportServerEvents, Name>(socketId, memberIds, event, ...payload);
    for (const { person, socket } of this.watchers.hearing(conversationId, this.program))
      if (!memberIds.includes(person.id)) socket.emit(event, ...payload);
  }

  /** Whoever could take it learns what it is about only while they may look into it. */
  private updated({ conversation, waiting, wasWaiting, ...state }: Relayed<'conversation.changed.v1'>): void {
    const { id, members } = conversation;
    const channel = channelState({ ...state, id, members });
    const memberIds = members.map((member) => member.id);
    this.connections.emit<SupportServerEvents, 'channel:updated'>(memberIds, 'channel:updated', { channel });
    const { status, claimed } = channel;
    const short = { id, status, claimed };
    const { helperRole } = this.channels;
    // Whoever is no active helper any more is shown none, but may have been shown this one before.
    const here = waiting ? this.helpers.of(this.program) : (this.connections.helpers.get(helperRole) ?? []);
    const told = waiting || wasWaiting ? [...here].filter((helper) => !memberIds.includes(helper)) : [];
    this.connections.emitInRole<SupportServerEvents, 'channel:updated'>(helperRole, told, 'channel:updated', {
      channel: waiting ? channel : short,
    });
    for (const own of this.watchers.of(id)) {
      const { person, socket } = own;
      if (waiting) this.watchers.set(id, own, conversation.version);
      const hears = this.watchers.hearing(id, this.program, conversation.version).includes(own);
      const isMember = memberIds.includes(person.id);
      const isTold = isMember || (told.includes(person.id) && person.roles.includes(helperRole));
      const update = { channel: hears ? channel : short };
      if (!isTold) socket.emit('channel:updated' satisfies keyof SupportServerEvents, update);
      if (status === 'closed' || !(isMember || hears)) this.watchers.remove(id, own);
    }
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
