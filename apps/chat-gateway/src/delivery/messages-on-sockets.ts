import { Injectable } from '@nestjs/common';
import type { AppendedConversation, MessagesHere } from '@kindline/domain';
import { GatewayMetrics } from '../gateway-metrics';
import { Connections } from '../sockets/connections';
import { Delivery } from './delivery';

/** The people with a socket on this gateway. */
@Injectable()
export class MessagesOnSockets implements MessagesHere {
  constructor(
    private readonly connections: Connections,
    private readonly delivery: Delivery,
    private readonly metrics: GatewayMetrics,
  ) {}

  has(personId: string): boolean {
    return this.connections.has(personId);
  }

  show(conversation: AppendedConversation, origins: ReadonlyMap<string, string>): void {
    this.delivery.deliver(conversation, origins);
  }

  counted(messages: number): void {
    this.metrics.batch(messages);
  }
}
