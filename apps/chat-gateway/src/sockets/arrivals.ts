import { Inject, Injectable } from '@nestjs/common';
import { Delivery } from '../delivery/delivery';
import { MissedMessages } from '../delivery/missed-messages';
import { NEWS_RELAYS, type NewsRelay } from '../delivery/news-relay';
import type { PersonSocket } from './connections';
import { PendingInvitations } from './pending-invitations';

/** What happens for someone who connects: live messages from here on, and invitations that are still open. */
@Injectable()
export class Arrivals {
  constructor(
    private readonly missed: MissedMessages,
    private readonly delivery: Delivery,
    private readonly invitations: PendingInvitations,
    @Inject(NEWS_RELAYS) private readonly relays: NewsRelay[],
  ) {}

  /** Messages after this are delivered live; earlier ones are the client's to sync. */
  async track(personId: string): Promise<void> {
    for (const conversation of await this.missed.openConversationsOf([personId]))
      this.delivery.track(conversation);
  }

  async catchUp(own: PersonSocket): Promise<void> {
    if (!own.person.roles.includes('volunteer')) return;
    for (const invitation of await this.invitations.of(own.person.id)) {
      this.relays.find(({ program }) => program === invitation.program)?.invite(own, invitation);
    }
  }
}
