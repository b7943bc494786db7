import { Injectable } from '@nestjs/common';
import { messagesReceived, ROLES } from '@kindline/contracts';
import { Receipts } from '../delivery/receipts';
import { clientEvent, type Dialect } from '../sockets/client-event';

/** `messages:received`, the same in every program whose messages are stored in Postgres. */
@Injectable()
export class MessagesReceivedDialect implements Dialect {
  constructor(private readonly receipts: Receipts) {}

  readonly events = [
    clientEvent({
      name: 'messages:received',
      roles: ROLES,
      payload: messagesReceived,
      limit: 'events',
      handle: (sender, { conversationId, seq }) => this.receipts.received(sender, conversationId, seq),
    }),
  ];
}
