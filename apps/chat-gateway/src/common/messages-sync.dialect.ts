import { Injectable } from '@nestjs/common';
import { messagesSync, ROLES } from '@kindline/contracts';
import { Conversations, History } from '@kindline/domain';
import { clientEvent, type Dialect } from '../sockets/client-event';

/** Most messages a sync answers at once. */
const SYNC_LIMIT = 500;

/** `messages:sync`, the same in every program whose messages are stored in Postgres. */
@Injectable()
export class MessagesSyncDialect implements Dialect {
  constructor(
    private readonly conversations: Conversations,
    private readonly history: History,
  ) {}

  readonly events = [
    clientEvent({
      name: 'messages:sync',
      roles: ROLES,
      payload: messagesSync,
      limit: 'events',
      handle: async ({ person }, { conversationId, afterSeq }) => {
        await this.conversations.requireMember(conversationId, person.id);
        return this.history.after(conversationId, afterSeq, SYNC_LIMIT);
      },
    }),
  ];
}
