import { Injectable } from '@nestjs/common';
import { Delivery } from '../delivery/delivery';
import { MissedMessages } from '../delivery/missed-messages';
import { NewsDesk } from '../delivery/news-desk';
import { Connections, type PersonSocket } from './connections';
import { PendingInvitations } from './pending-invitations';

/** What happens for someone who connects: live messages from here on, and invitations that are still open. */
@Injectable()
export class Arrivals {
  constructor(
    private readonly missed: MissedMessages,
    private readonly delivery: Delivery,
    private readonly invitations: PendingInvitations,
    private readonly desk: NewsDesk,
    private readonly connections: Connections,
  ) {}

  /** Messages after this are delivered live; earlier ones are the client's to sync. */
  async track(personId: string): Promise<void> {
    for (const conversation of await this.missed.openConversationsOf([personId])) {
      // Those who are here have been told of it, or still have to be: the news and the catch-up know which.
      if (conversation.memberIds.some((id) => this.connections.has(id))) continue;
      this.delivery.track(conversation);
      if (conversation.started) this.desk.hadStarted(conversation);
    }
  }

  async catchUp(own: PersonSocket): Promise<void> {
    if (!own.person.roles.includes('volunteer')) return;
    for (const invitation of await this.invitations.of([own.person.id])) this.desk.invite(own, invitation);
  }
}
