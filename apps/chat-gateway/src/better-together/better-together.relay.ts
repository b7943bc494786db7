import { Injectable } from '@nestjs/common';
import type {
  AppendedMessage,
  BetterTogetherServerEvents,
  NewsConversation,
  NewsMap,
} from '@kindline/contracts';
import type { MessageEmitter } from '../delivery/message-emitter';
import type { NewsRelay } from '../delivery/news-relay';
import { Connections, type PersonSocket } from '../sockets/connections';
import type { PendingInvitation } from '../sockets/pending-invitations';

const SIDES = { seeker: 'user', helper: 'volunteer' } as const;
const ENDED_BY = { ...SIDES, system: 'system' } as const;
const THANKS = {
  title: 'Thank you',
  message: "Thank you for making a difference in someone's life",
} as const;

/** Translates news of better_together into its server events. */
@Injectable()
export class BetterTogetherRelay implements NewsRelay {
  readonly program = 'better_together';

  constructor(private readonly connections: Connections) {}

  readonly relay: NewsRelay['relay'] = {
    'request.invited.v1': ({ request, note, invited, asked, firstRound }) => {
      const { email: user_email } = request.seeker;
      // Only where the token says so: they may have other sockets.
      this.connections.emitInRole<BetterTogetherServerEvents, 'chat_request'>(
        'volunteer',
        invited,
        'chat_request',
        { user_email, i_need_message: note, session_id: request.id },
      );
      this.emit(invited, 'refresh_vol_dash');
      if (firstRound && asked === 0) this.emit([request.seeker.id], 'no_availability', { user_email });
    },
    'request.accepted.v1': ({ conversation }) => {
      const { seeker, helper } = sides(conversation);
      this.emit(ids(conversation), 'chat_started', {
        user_email: seeker?.email ?? null,
        volunteer_email: helper?.email ?? null,
        chat_id: conversation.id,
      });
      if (helper) this.emit([helper.id], 'refresh_vol_dash');
    },
    'request.closed.v1': () => undefined,
    'conversation.started.v1': ({ conversation, startedAt, sessionTimerMs }) => {
      if (sessionTimerMs === null) return;
      this.emit(ids(conversation), 'start_timer', {
        chat_id: conversation.id,
        started_at: startedAt,
        minutes: sessionTimerMs / 60_000,
      });
    },
    'conversation.changed.v1': () => undefined,
    'conversation.ended.v1': ({ conversation, endedBy, reason }) => {
      const { helper } = sides(conversation);
      this.emit(ids(conversation), 'chat_ended', {
        chat_id: conversation.id,
        ended_by: ENDED_BY[endedBy],
        reason,
      });
      if (!helper) return;
      this.emit([helper.id], 'thank_you_volunteer', THANKS);
      this.emit([helper.id], 'refresh_vol_dash');
    },
    'messages.read.v1': ({ conversationId: chat_id, memberIds, byRole, seq, readAt: read_at, socketId }) =>
      this.connections.emitToOthers<BetterTogetherServerEvents, 'chat_read'>(
        socketId,
        memberIds,
        'chat_read',
        { chat_id, seq, by: SIDES[byRole], read_at },
      ),
    'messages.typing.v1': ({ conversationId: chat_id, memberIds, byRole, on, socketId }) =>
      this.connections.emitToOthers<BetterTogetherServerEvents, 'chat_typing'>(
        socketId,
        memberIds,
        'chat_typing',
        { chat_id, by: SIDES[byRole], on },
      ),
    'helpers.changed.v1': ({ helperIds }) => this.emit(helperIds, 'refresh_vol_dash'),
  };

  invite({ person, socket }: PersonSocket, { seekerEmail, note, requestId }: PendingInvitation): void {
    if (!person.roles.includes('volunteer')) return;
    const request = { user_email: seekerEmail, i_need_message: note, session_id: requestId };
    socket.emit('chat_request' satisfies keyof BetterTogetherServerEvents, request);
  }

  withdraw({ id, seeker }: NewsMap['request.closed.v1']['request'], helperIds: string[]): void {
    this.emit(helperIds, 'cancel_chat_request', { user_email: seeker.email, session_id: id });
    this.emit(helperIds, 'refresh_vol_dash');
  }

  private emit<Name extends keyof BetterTogetherServerEvents & string>(
    personIds: string[],
    event: Name,
    ...payload: Parameters<BetterTogetherServerEvents[Name]>
  ): void {
    this.connections.emit<BetterTogetherServerEvents, Name>(personIds, event, ...payload);
  }
}

/** A stored message as `chat_message`; the sending socket has its ack instead. */
export const chatMessageEmitter: MessageEmitter = {
  event: 'chat_message' satisfies keyof BetterTogetherServerEvents,
  toOrigin: false,
  payload: (message: AppendedMessage): Parameters<BetterTogetherServerEvents['chat_message']>[0] => ({
    id: message.id,
    seq: message.seq,
    sender_mail: message.senderEmail,
    chat_id: message.conversationId,
    message: message.content,
    timestamp: message.createdAt,
    reply_message: message.replyTo,
  }),
};

function sides(conversation: NewsConversation) {
  return {
    seeker: conversation.members.find(({ role }) => role === 'seeker'),
    helper: conversation.members.find(({ role }) => role === 'helper'),
  };
}

const ids = (conversation: NewsConversation): string[] => conversation.members.map(({ id }) => id);
