import { Inject, Injectable, Logger } from '@nestjs/common';
import { Conversations, NEWS_PUBLISHER, type NewsPublisher, Rosters } from '@kindline/domain';
import { GATEWAY_ID } from '../gateway-env';
import type { PersonSocket } from '../sockets/connections';
import { Delivery } from './delivery';
import { ReceiptBoard } from './receipt-board';

/** How far members' devices have the messages. The other members are told while it is news; nothing is stored. */
@Injectable()
export class Receipts {
  private readonly logger = new Logger(Receipts.name);

  constructor(
    private readonly conversations: Conversations,
    private readonly rosters: Rosters,
    private readonly delivery: Delivery,
    private readonly board: ReceiptBoard,
    @Inject(GATEWAY_ID) private readonly gatewayId: string,
    @Inject(NEWS_PUBLISHER) private readonly news: NewsPublisher,
  ) {}

  /**
   * A member's device has everything up to `seq`. Nobody is told of what came after the end.
   * @throws not_found, forbidden, validation_failed for a message that does not exist
   */
  async received({ person }: PersonSocket, conversationId: string, seq: number): Promise<void> {
    const roster = await this.rosters.of(conversationId);
    const isMember = roster?.memberIds.includes(person.id) ?? false;
    if (!isMember) await this.conversations.requireMember(conversationId, person.id);
    // What was emitted here exists; Postgres is asked only where a sync was faster.
    if (seq > this.delivery.head(conversationId))
      await this.conversations.requireMessage(conversationId, seq);
    if (!roster || !isMember) return;
    const { gatewayId } = this;
    const otherIds = roster.memberIds.filter((id) => id !== person.id);
    const receipt = { gatewayId, conversationId, otherIds, bySub: person.sub, seq };
    if (!this.board.show(receipt)) return;
    this.news
      .publish('messages.delivered.v1', receipt)
      .catch((err: unknown) => this.logger.warn({ err }, 'a receipt could not be published'));
  }
}
