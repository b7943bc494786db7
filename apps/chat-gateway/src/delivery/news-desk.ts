import { Inject, Injectable } from '@nestjs/common';
import type { NewsMap, NewsMember } from '@kindline/contracts';
import { Rosters } from '@kindline/domain';
import { GATEWAY_ID } from '../gateway-env';
import type { PersonSocket } from '../sockets/connections';
import { HelpersHere } from '../sockets/helpers-here';
import type { PendingInvitation, PendingRequest } from '../sockets/pending-invitations';
import { Delivery } from './delivery';
import { NEWS_RELAYS, type NewsRelay, type Relayed, type RelayedNews } from './news-relay';
import { ReceiptBoard } from './receipt-board';
import { type Versioned, Versions } from './versions';

type NewsRequest = NewsMap['request.closed.v1']['request'];

/**
 * Hears all news and hands them to the dialects, newest state only: announcements may overtake each other
 * or repeat, and a cancelled request must never reappear on a dashboard.
 */
@Injectable()
export class NewsDesk {
  private readonly closed = new Versions();
  private readonly started = new Versions();
  private readonly ended = new Versions();
  private readonly changed = new Versions();
  /** Conversations that wait for a helper, as helpers here were shown. */
  private readonly waiting = new Set<string>();
  /** Pending requests, with their seekers and the helpers here whose dashboards show them. */
  private readonly shown = new Map<string, { seeker: string; helpers: Set<string> }>();
  private readonly relays: Map<string, NewsRelay>;

  constructor(
    @Inject(NEWS_RELAYS) relays: NewsRelay[],
    @Inject(GATEWAY_ID) private readonly gatewayId: string,
    private readonly delivery: Delivery,
    private readonly rosters: Rosters,
    private readonly helpers: HelpersHere,
    private readonly receipts: ReceiptBoard,
  ) {
    this.relays = new Map(relays.map((relay) => [relay.program, relay]));
  }

  readonly handlers: { [Name in keyof NewsMap]: (news: NewsMap[Name]) => void } = {
    'messages.appended.v1': ({ gatewayId, conversations }) => {
      // Its own batches were delivered right after their commit.
      if (gatewayId === this.gatewayId) return;
      for (const conversation of conversations) this.delivery.deliver(conversation);
    },
    'request.invited.v1': (news) => {
      const { id, program } = news.request;
      if (this.closed.covers(news.request)) return;
      const isNew = !this.shown.has(id);
      const invited = this.askedHere(news).filter((helperId) => !this.isShown(id, helperId));
      this.show(id, seekerOf(program, news.request.seeker.id), invited);
      const firstRound = news.firstRound && isNew;
      if (firstRound || invited.length > 0) {
        this.relay('request.invited.v1', program, { ...news, invited, firstRound });
      }
    },
    'request.accepted.v1': (news) => {
      const { request, conversation, withdrawn } = news;
      const takenBy = conversation.members.find(({ role }) => role === 'helper');
      if (!this.close(request, withdrawn, takenBy) || this.ended.covers(conversation)) return;
      this.delivery.track({
        id: conversation.id,
        program: conversation.program,
        version: conversation.version,
        memberIds: conversation.members.map(({ id }) => id),
        lastSeq: 0,
      });
      this.relay('request.accepted.v1', request.program, news);
      this.delivery.announced(conversation.id);
    },
    'request.closed.v1': (news) => {
      const { request, withdrawn } = news;
      if (this.close(request, withdrawn) && this.isToldOf(request)) {
        this.relay('request.closed.v1', request.program, news);
      }
    },
    'conversation.started.v1': (news) => {
      const { conversation } = news;
      if (this.ended.covers(conversation) || !this.started.advance(conversation)) return;
      this.relay('conversation.started.v1', conversation.program, news);
    },
    'conversation.changed.v1': (news) => {
      const { conversation, status, waiting } = news;
      const { id, version } = conversation;
      // Nobody comes back who has left since.
      if (
        this.changed.covers({ id, version: version + 1 }) ||
        this.ended.covers({ id, version: version + 1 })
      )
        return;
      const wasWaiting = this.waiting.has(id);
      if (waiting) this.waiting.add(id);
      else this.waiting.delete(id);
      // Who could take it may not have been shown what its members found when they connected.
      if (this.changed.advance(conversation) || waiting !== wasWaiting)
        this.relay('conversation.changed.v1', conversation.program, { ...news, wasWaiting });
      // Afterwards: whoever is new is told of it before its messages. Also what was told: it may not be followed here.
      if (status === 'active') this.follow(news);
      else this.rosters.forget(id);
    },
    'conversation.ended.v1': (news) => {
      const { conversation } = news;
      if (!this.ended.advance(conversation)) return;
      this.rosters.forget(conversation.id);
      this.relay('conversation.ended.v1', conversation.program, news);
    },
    'messages.read.v1': (news) => this.sign('messages.read.v1', news),
    'messages.typing.v1': (news) => this.sign('messages.typing.v1', news),
    'messages.delivered.v1': (news) => {
      if (news.gatewayId !== this.gatewayId) this.receipts.show(news);
    },
    'helpers.changed.v1': (news) => {
      this.helpers.changed(news.helperIds);
      this.relay('helpers.changed.v1', news.program, news);
    },
  };

  /** Shows an open invitation to a socket that has just connected, or whose news was lost. */
  invite(helper: PersonSocket, invitation: PendingInvitation): void {
    const { requestId, program, version, seekerId } = invitation;
    if (this.closed.covers({ id: requestId, version })) return;
    this.show(requestId, seekerOf(program, seekerId), [helper.person.id]);
    this.relays.get(program)?.invite(helper, invitation);
  }

  /** A request is pending, whoever is shown it: the end of an older one of its seeker is no news any more. */
  know({ requestId, program, version, seekerId }: PendingRequest): void {
    if (!this.closed.covers({ id: requestId, version }))
      this.show(requestId, seekerOf(program, seekerId), []);
  }

  /** Whether a helper's dashboard here shows the request. */
  isShown(requestId: string, helperId: string): boolean {
    return this.shown.get(requestId)?.helpers.has(helperId) ?? false;
  }

  /** Requests that stand on dashboards here. */
  shownRequests(): string[] {
    return [...this.shown.keys()];
  }

  /** Those whom this request still asks have left; whoever comes back is shown it again. */
  forget(requestId: string): void {
    this.shown.delete(requestId);
  }

  /** Nothing is shown any more to a helper who has left. */
  left(helperId: string): void {
    for (const { helpers } of this.shown.values()) helpers.delete(helperId);
  }

  /** Whether its members here have been shown this state of it, or a newer one. */
  knows(conversation: Versioned): boolean {
    return this.changed.covers(conversation);
  }

  /** A conversation whose state its members found when they connected: it is not news. */
  found(conversation: Versioned): void {
    // Nothing was heard of it; so whoever belonged to it when it was last written to may not any more.
    if (this.changed.advance(conversation)) this.rosters.forget(conversation.id);
  }

  /** Conversations that wait, as helpers here were shown. */
  shownWaiting(): string[] {
    return [...this.waiting];
  }

  /** Helpers who come find that it waits: it is not news. */
  foundWaiting(conversationId: string): void {
    this.waiting.add(conversationId);
  }

  /** It is nowhere any more. */
  forgetWaiting(conversationId: string): void {
    this.waiting.delete(conversationId);
  }

  /** Conversations that had started before their members connected: their timers are not news. */
  hadStarted(conversation: Versioned): void {
    this.started.advance(conversation);
  }

  /** Whether its members here know that its timer runs. */
  isStarted(conversationId: string): boolean {
    return this.started.has(conversationId);
  }

  /** Its members are those it has now, in what is written and in what is shown. */
  private follow({ conversation, lastSeq }: NewsMap['conversation.changed.v1']): void {
    const { id, program, version, members } = conversation;
    if (this.delivery.follow({ id, program, version, members, lastSeq }))
      this.rosters.replace(id, { program, version, members, memberIds: members.map((member) => member.id) });
    else this.rosters.forget(id);
  }

  private show(requestId: string, seeker: string, helperIds: string[]): void {
    const shown = this.shown.get(requestId);
    if (!shown) this.shown.set(requestId, { seeker, helpers: new Set(helperIds) });
    else for (const helperId of helperIds) shown.helpers.add(helperId);
  }

  /**
   * Whether the end of a request is told: not where requests are named by their seeker, who has asked again. News of
   * two requests may overtake each other; ids grow with time.
   */
  private isToldOf({ id, program, seeker }: NewsRequest): boolean {
    if (!this.relays.get(program)?.namesSeekersOnly) return true;
    const key = seekerOf(program, seeker.id);
    return ![...this.shown].some(([other, shown]) => shown.seeker === key && other > id);
  }

  /** Takes a request from the dashboards. @returns false when that was done before */
  private close(request: NewsRequest, withdrawn: string[] | null, takenBy?: NewsMember): boolean {
    this.shown.delete(request.id);
    if (!this.closed.advance(request)) return false;
    const asked = withdrawn ?? this.everyoneHere(request).filter((id) => id !== takenBy?.id);
    if (this.isToldOf(request)) this.relays.get(request.program)?.withdraw(request, asked, takenBy);
    return true;
  }

  private askedHere({ request, invited, declined }: NewsMap['request.invited.v1']): string[] {
    if (invited) return invited;
    const not = new Set(declined);
    return this.everyoneHere(request).filter((helperId) => !not.has(helperId));
  }

  private everyoneHere({ program, seeker }: NewsRequest): string[] {
    return this.helpers.of(program).filter((helperId) => helperId !== seeker.id);
  }

  /** Those of this gateway were shown when they were made. */
  private sign<Name extends 'messages.read.v1' | 'messages.typing.v1'>(
    name: Name,
    news: NewsMap[Name] & Relayed<Name>,
  ): void {
    if (news.gatewayId !== this.gatewayId) this.relay(name, news.program, news);
  }

  private relay<Name extends RelayedNews>(name: Name, program: string, news: Relayed<Name>): void {
    this.relays.get(program)?.relay[name](news);
  }
}

/** A seeker has one pending request in a program. */
const seekerOf = (program: string, seekerId: string): string => `${program} ${seekerId}`;
