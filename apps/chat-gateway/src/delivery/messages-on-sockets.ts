import { Injectable } from '@nestjs/common';
import type { AppendedConversation, MessagesHere } from '@kindline/domain';
import { Connections } from '../sockets/connections';
import { PresenceLease } from '../sockets/presence-lease';
import { Delivery } from './delivery';

/** The people with a socket on this gateway. */
@Injectable()
export class MessagesOnSockets implements MessagesHere {
  constructor(
    private readonly connections: Connections,
    private readonly lease: PresenceLease,
    private readonly delivery: Delivery,
  ) {}

  has(personId: string): boolean {
    return this.connections.has(personId) || this.lease.awaits(personId);
  }

  show(conversation: AppendedConversation, origins: ReadonlyMap<string, string>): void {
    this.delivery.deliver(conversation, origins);
  }
}
