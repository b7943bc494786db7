import { Inject, Injectable } from '@nestjs/common';
import { HELPER_ROLES } from '@kindline/contracts';
import { Delivery } from '../delivery/delivery';
import { MissedMessages, type OpenConversation } from '../delivery/missed-messages';
import { NewsDesk } from '../delivery/news-desk';
import { Watchers } from '../delivery/watchers';
import { NEWS_RELAYS, type NewsRelay } from '../delivery/news-relay';
import { Connections, type PersonSocket, requireOpen } from './connections';
import { HelpersHere } from './helpers-here';
import { asks, PendingInvitations } from './pending-invitations';

/** What happens for someone who connects: live messages from here on, and requests that are still open. */
@Injectable()
export class Arrivals {
  constructor(
    private readonly missed: MissedMessages,
    private readonly delivery: Delivery,
    private readonly invitations: PendingInvitations,
    private readonly desk: NewsDesk,
    private readonly connections: Connections,
    private readonly helpers: HelpersHere,
    private readonly watchers: Watchers,
    @Inject(NEWS_RELAYS) private readonly relays: NewsRelay[],
  ) {}

  /** Messages after this are delivered live; earlier ones are the client's to sync. */
  async track(personId: string): Promise<void> {
    for (const conversation of await this.missed.openConversationsOf([personId])) {
      if (this.isFollowed(conversation)) continue;
      this.delivery.track(conversation);
      if (conversation.started) this.desk.hadStarted(conversation);
      if (conversation.requestId === null) this.desk.found(conversation);
    }
  }

  /**
   * Live messages of an open conversation also for this socket, though its person is no member.
   * @returns false where newer news were heard here than the caller knows: they may have taken it from them
   */
  async watch(
    own: PersonSocket,
    conversation: Omit<OpenConversation, 'requestId' | 'started'>,
  ): Promise<boolean> {
    await this.helpers.arrived([own.person]);
    requireOpen(own);
    const { id, version } = conversation;
    if (this.desk.knows({ id, version: version + 1 })) return false;
    if (!this.isFollowed(conversation)) {
      this.delivery.track(conversation);
      this.desk.found(conversation);
    }
    this.watchers.set(id, own, version);
    return true;
  }

  /** Those who are here have been told of it, or still have to be: the news and the catch-up know which. */
  private isFollowed({ id, memberIds }: Pick<OpenConversation, 'id' | 'memberIds'>): boolean {
    return memberIds.some((member) => this.connections.has(member)) || this.watchers.has(id);
  }

  async catchUp(own: PersonSocket): Promise<void> {
    const { person } = own;
    await Promise.all(this.relays.map((relay) => relay.greet?.(own)));
    if (!HELPER_ROLES.some((role) => person.roles.includes(role))) return;
    for (const invitation of await this.invitations.of([person.id])) this.desk.invite(own, invitation);
    // Asked from here on; what was asked before is read afterwards, so nothing falls between.
    await this.helpers.arrived([person]);
    for (const request of await this.invitations.open(this.helpers.programsOf(person))) {
      if (asks(request, person.id)) this.desk.invite(own, { ...request, helperId: person.id });
    }
  }

  /** Their last socket here is gone. */
  left(personId: string): void {
    this.helpers.left(personId);
    this.desk.left(personId);
  }
}
