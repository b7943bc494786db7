import { Injectable } from '@nestjs/common';
import type { CommonServerEvents, NewsMap } from '@kindline/contracts';
import { Connections } from '../sockets/connections';
import { Versions } from './versions';

/** Shows the sockets here how far the other members of their conversations have received. */
@Injectable()
export class ReceiptBoard {
  private readonly shown = new Versions();

  constructor(private readonly connections: Connections) {}

  /** @returns false when as much was shown before */
  show({ conversationId, otherIds, bySub: by, seq }: NewsMap['messages.delivered.v1']): boolean {
    if (!this.shown.advance({ id: `${conversationId} ${by}`, version: seq })) return false;
    this.connections.emit<CommonServerEvents, 'messages:delivered'>(otherIds, 'messages:delivered', {
      conversationId,
      seq,
      by,
    });
    return true;
  }
}
