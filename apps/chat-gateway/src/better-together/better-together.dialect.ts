import { Injectable } from '@nestjs/common';
import {
  chatEnded,
  chatMessage,
  email,
  KindlineError,
  lastOpened,
  SEEKER_ROLES,
  type Role,
  typingInChat,
} from '@kindline/contracts';
import { Conversations, MessageIntake } from '@kindline/domain';
import { Signs } from '../delivery/signs';
import { clientEvent, type Dialect } from '../sockets/client-event';
import type { PersonSocket } from '../sockets/connections';

const PROGRAM = 'better_together';
const EITHER: readonly Role[] = [...SEEKER_ROLES, 'volunteer'];

/** better_together's client events, translated into the domain's words. */
@Injectable()
export class BetterTogetherDialect implements Dialect {
  constructor(
    private readonly intake: MessageIntake,
    private readonly conversations: Conversations,
    private readonly signs: Signs,
  ) {}

  readonly events = [
    clientEvent({
      name: 'join',
      roles: EITHER,
      payload: email,
      limit: 'events',
      // The token says already who this is; `join` only has to agree with it.
      handle: (sender, address) => requireOwnEmail(sender, address),
    }),
    clientEvent({
      name: 'chat_message',
      roles: EITHER,
      payload: chatMessage,
      limit: 'messages',
      handle: async (sender, message) => {
        requireOwnEmail(sender, message.sender_mail);
        const { person, id: socketId } = sender;
        const { id, seq, createdAt, duplicate } = await this.intake.append({
          program: PROGRAM,
          conversationId: message.chat_id,
          senderId: person.id,
          senderSub: person.sub,
          senderEmail: person.email,
          clientId: message.client_id,
          type: 'text',
          content: message.message,
          replyTo: message.reply_message ?? null,
          toEmail: message.reciever_mail,
          socketId,
        });
        return { id, seq, timestamp: createdAt.toISOString(), duplicate };
      },
    }),
    clientEvent({
      name: 'update_last_opened_user',
      roles: SEEKER_ROLES,
      payload: lastOpened,
      limit: 'events',
      handle: (sender, { chat_id }) => this.signs.opened(sender, PROGRAM, chat_id, 'seeker'),
    }),
    clientEvent({
      name: 'update_last_opened_volunteer',
      roles: ['volunteer'],
      payload: lastOpened,
      limit: 'events',
      handle: (sender, { chat_id }) => this.signs.opened(sender, PROGRAM, chat_id, 'helper'),
    }),
    clientEvent({
      name: 'chat_typing',
      roles: EITHER,
      payload: typingInChat,
      limit: 'typing',
      handle: (sender, { chat_id, on }) => this.signs.typing(sender, PROGRAM, chat_id, on),
    }),
    clientEvent({
      name: 'chat_ended',
      roles: EITHER,
      payload: chatEnded,
      limit: 'events',
      inTurn: true,
      handle: async (sender, { email: address, by_user, chat_id }) => {
        requireOwnEmail(sender, address);
        const role = by_user === undefined ? undefined : by_user ? 'seeker' : 'helper';
        await this.conversations.endByMember(chat_id, sender.person.id, role, PROGRAM);
      },
    }),
  ];
}

function requireOwnEmail({ person }: PersonSocket, address: string): void {
  if (person.email !== address)
    throw new KindlineError('forbidden', 'This e-mail is not the one of your token');
}
