import { Injectable } from '@nestjs/common';
import type { AppendedConversation, MessagesHere } from '@kindline/domain';
import { Connections } from '../sockets/connections';
import { Delivery } from './delivery';

/** The people with a socket on this gateway. */
@Injectable()
export class MessagesOnSockets implements MessagesHere {
  constructor(
    private readonly connections: Connections,
    private readonly delivery: Delivery,
  ) {}

  has(personId: string): boolean {
    return this.connections.has(personId);
  }

  show(conversation: AppendedConversation, origins: ReadonlyMap<string, string>): void {
    this.delivery.deliver(conversation, origins);
  }
}
