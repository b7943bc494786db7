import { Injectable } from '@nestjs/common';
import {
  type AppendedMessage,
  type CompanionServerEvents,
  KindlineError,
  type NewsConversation,
  type NewsMember,
  type NewsMap,
  SEEKER_ROLES,
} from '@kindline/contracts';
import { RequestStates } from '@kindline/domain';
import type { MessageEmitter } from '../delivery/message-emitter';
import type { NewsRelay } from '../delivery/news-relay';
import { Connections, type PersonSocket } from '../sockets/connections';
import type { PendingInvitation } from '../sockets/pending-invitations';
import { requestStatus } from './request-status';

/** Translates news of the companion program into its server events. */
@Injectable()
export class CompanionRelay implements NewsRelay {
  readonly program = 'companion';
  readonly namesSeekersOnly = true;

  constructor(
    private readonly connections: Connections,
    private readonly states: RequestStates,
  ) {}

  readonly relay: NewsRelay['relay'] = {
    'request.invited.v1': ({ request, note, invited, asked, firstRound }) => {
      const { id: requestId, type: requestType, seeker } = request;
      this.emitToVolunteers(invited, 'seeker:incoming', {
        seniorId: seeker.sub,
        requestType,
        note,
        requestId,
      });
      if (firstRound && asked === 0) this.emit([seeker.id], 'seeker:queued', { seniorId: seeker.sub });
    },
    'request.accepted.v1': ({ request, conversation }) =>
      this.emit(ids(conversation), 'session:started', {
        conversationId: conversation.id,
        seniorId: subOf(conversation, 'seeker'),
        volunteerId: subOf(conversation, 'helper'),
        requestType: request.type,
      }),
    'request.closed.v1': ({ request, status }) =>
      this.emit([request.seeker.id], 'request:cancelled', { status }),
    'conversation.started.v1': () => undefined,
    'conversation.changed.v1': () => undefined,
    'conversation.ended.v1': ({ conversation, endedBy, reason }) =>
      this.emit(ids(conversation), 'chat:ended', {
        conversationId: conversation.id,
        endedBy: endedBy === 'system' ? endedBy : subOf(conversation, endedBy),
        reason,
      }),
    'messages.read.v1': ({ conversationId, memberIds, bySub: by, seq, readAt: read_at, socketId }) =>
      this.connections.emitToOthers<CompanionServerEvents, 'message:read'>(
        socketId,
        memberIds,
        'message:read',
        { conversationId, seq, by, read_at },
      ),
    'messages.typing.v1': ({ conversationId, memberIds, bySub: by, on, socketId }) =>
      this.connections.emitToOthers<CompanionServerEvents, 'message:typing'>(
        socketId,
        memberIds,
        'message:typing',
        { conversationId, by, on },
      ),
    'helpers.changed.v1': () => undefined,
  };

  invite({ person, socket }: PersonSocket, { seekerSub, type, note, requestId }: PendingInvitation): void {
    if (!person.roles.includes('volunteer')) return;
    const request = { seniorId: seekerSub, requestType: type, note, requestId };
    socket.emit('seeker:incoming' satisfies keyof CompanionServerEvents, request);
  }

  withdraw(
    { seeker }: NewsMap['request.closed.v1']['request'],
    helperIds: string[],
    takenBy?: NewsMember,
  ): void {
    const seniorId = seeker.sub;
    if (takenBy) this.emitToVolunteers(helperIds, 'request:claimed', { seniorId, volunteerId: takenBy.sub });
    else this.emitToVolunteers(helperIds, 'request:cancelled', { seniorId });
  }

  /** A senior who comes back hears where their request stands. */
  async greet({ person, socket }: PersonSocket): Promise<void> {
    if (!SEEKER_ROLES.some((role) => person.roles.includes(role))) return;
    const newest = await this.states.newestOf(this.program, person.id);
    if (newest?.status !== 'pending' && newest?.conversation_status !== 'active') return;
    socket.emit('request:status:response' satisfies keyof CompanionServerEvents, requestStatus(newest));
  }

  /** Only where the token says so: they may have other sockets. */
  private emitToVolunteers<Name extends keyof CompanionServerEvents & string>(
    personIds: string[],
    event: Name,
    ...payload: Parameters<CompanionServerEvents[Name]>
  ): void {
    this.connections.emitInRole<CompanionServerEvents, Name>('volunteer', personIds, event, ...payload);
  }

  private emit<Name extends keyof CompanionServerEvents & string>(
    personIds: string[],
    event: Name,
    ...payload: Parameters<CompanionServerEvents[Name]>
  ): void {
    this.connections.emit<CompanionServerEvents, Name>(personIds, event, ...payload);
  }
}

/** A stored message as `message:new`; the sending socket gets it as well. */
export const messageNewEmitter: MessageEmitter = {
  event: 'message:new' satisfies keyof CompanionServerEvents,
  toOrigin: true,
  payload: (message: AppendedMessage): Parameters<CompanionServerEvents['message:new']>[0] => ({
    id: message.id,
    seq: message.seq,
    conversation_id: message.conversationId,
    sender_id: message.senderSub,
    content: message.content,
    type: message.type,
    ...(message.replyTo !== null && { reply_to: message.replyTo }),
    created_at: message.createdAt,
  }),
};

function subOf({ members }: NewsConversation, role: NewsMember['role']): string {
  const member = members.find((one) => one.role === role);
  if (!member) throw new KindlineError('internal', `a conversation without a ${role}`);
  return member.sub;
}

const ids = (conversation: NewsConversation): string[] => conversation.members.map(({ id }) => id);
