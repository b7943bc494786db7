import { Inject, Injectable } from '@nestjs/common';
import type { NewsMap } from '@kindline/contracts';
import { GATEWAY_ID } from '../gateway-env';
import type { PersonSocket } from '../sockets/connections';
import type { PendingInvitation } from '../sockets/pending-invitations';
import { Delivery } from './delivery';
import { NEWS_RELAYS, type NewsRelay, type RelayedNews } from './news-relay';
import { Rosters } from './roster';

/**
 * Hears all news and hands them to the dialects, newest state only: announcements may overtake each other
 * or repeat, and a cancelled request must never reappear on a dashboard.
 */
@Injectable()
export class NewsDesk {
  private readonly closed = new Versions();
  private readonly started = new Versions();
  private readonly ended = new Versions();
  /** Pending requests, with the helpers here whose dashboards show them. */
  private readonly shown = new Map<string, Set<string>>();
  private readonly relays: Map<string, NewsRelay>;

  constructor(
    @Inject(NEWS_RELAYS) relays: NewsRelay[],
    @Inject(GATEWAY_ID) private readonly gatewayId: string,
    private readonly delivery: Delivery,
    private readonly rosters: Rosters,
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
      const invited = news.invited.filter((helperId) => !this.shown.get(id)?.has(helperId));
      this.show(id, invited);
      const firstRound = news.firstRound && isNew;
      if (firstRound || invited.length > 0) {
        this.relay('request.invited.v1', program, { ...news, invited, firstRound });
      }
    },
    'request.accepted.v1': (news) => {
      const { request, conversation, withdrawn } = news;
      if (!this.close(request, withdrawn) || this.ended.covers(conversation)) return;
      this.delivery.track({
        id: conversation.id,
        program: conversation.program,
        memberIds: conversation.members.map(({ id }) => id),
        lastSeq: 0,
      });
      this.relay('request.accepted.v1', request.program, news);
    },
    'request.closed.v1': (news) => {
      if (this.close(news.request, news.withdrawn)) {
        this.relay('request.closed.v1', news.request.program, news);
      }
    },
    'conversation.started.v1': (news) => {
      const { conversation } = news;
      if (this.ended.covers(conversation) || !this.started.advance(conversation)) return;
      this.relay('conversation.started.v1', conversation.program, news);
    },
    'conversation.ended.v1': (news) => {
      const { conversation } = news;
      if (!this.ended.advance(conversation)) return;
      this.rosters.forget(conversation.id);
      this.relay('conversation.ended.v1', conversation.program, news);
    },
    'helpers.changed.v1': (news) => this.relay('helpers.changed.v1', news.program, news),
  };

  /** Shows an open invitation to a socket that has just connected, or whose news was lost. */
  invite(helper: PersonSocket, invitation: PendingInvitation): void {
    const { requestId, program, version } = invitation;
    if (this.closed.covers({ id: requestId, version })) return;
    this.show(requestId, [helper.person.id]);
    this.relays.get(program)?.invite(helper, invitation);
  }

  /** Whether a helper's dashboard here shows the request. */
  isShown(requestId: string, helperId: string): boolean {
    return this.shown.get(requestId)?.has(helperId) ?? false;
  }

  /** Requests that stand on dashboards here. */
  shownRequests(): string[] {
    return [...this.shown.keys()];
  }

  /** Those whom this request still asks have left; whoever comes back is shown it again. */
  forget(requestId: string): void {
    this.shown.delete(requestId);
  }

  /** Conversations that had started before their members connected: their timers are not news. */
  hadStarted(conversation: Versioned): void {
    this.started.advance(conversation);
  }

  /** Whether its members here know that its timer runs. */
  isStarted(conversationId: string): boolean {
    return this.started.has(conversationId);
  }

  private show(requestId: string, helperIds: string[]): void {
    const shown = this.shown.get(requestId);
    if (!shown) this.shown.set(requestId, new Set(helperIds));
    else for (const helperId of helperIds) shown.add(helperId);
  }

  /** Takes a request from the dashboards. @returns false when that was done before */
  private close(request: NewsMap['request.closed.v1']['request'], withdrawn: string[]): boolean {
    this.shown.delete(request.id);
    if (!this.closed.advance(request)) return false;
    this.relays.get(request.program)?.withdraw(request, withdrawn);
    return true;
  }

  private relay<Name extends RelayedNews>(name: Name, program: string, news: NewsMap[Name]): void {
    this.relays.get(program)?.relay[name](news);
  }
}

interface Versioned {
  id: string;
  version: number;
}

const REMEMBERED = 20_000;

/** The newest version shown, by id; the oldest are forgotten. */
class Versions {
  private readonly shown = new Map<string, number>();

  has(id: string): boolean {
    return this.shown.has(id);
  }

  /** Whether this version or a newer one was shown. */
  covers({ id, version }: Versioned): boolean {
    return (this.shown.get(id) ?? -1) >= version;
  }

  /** Remembers this version. @returns false when it was shown before */
  advance({ id, version }: Versioned): boolean {
    if (this.covers({ id, version })) return false;
    for (const oldest of this.shown.keys()) {
      if (this.shown.size < REMEMBERED) break;
      this.shown.delete(oldest);
    }
    this.shown.set(id, version);
    return true;
  }
}
