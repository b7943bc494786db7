import { Inject, Injectable } from '@nestjs/common';
import type { NewsMap } from '@kindline/contracts';
import { GATEWAY_ID } from '../gateway-env';
import { Delivery } from './delivery';
import { NEWS_RELAYS, type NewsRelay, type RelayedNews } from './news-relay';
import { Rosters } from './roster';

const REMEMBERED = 20_000;

/**
 * Hears all news and hands them to the dialects, newest state only: announcements may overtake each other
 * or repeat, and a cancelled request must never reappear on a dashboard.
 */
@Injectable()
export class NewsDesk {
  /** The newest version shown, by request or conversation. */
  private readonly versions = new Map<string, number>();
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
      if (this.isNew(news.request)) this.relay('request.invited.v1', news.request.program, news);
    },
    'request.accepted.v1': (news) => {
      if (!this.isNew(news.request)) return;
      const { conversation } = news;
      this.delivery.track({
        id: conversation.id,
        program: conversation.program,
        memberIds: conversation.members.map(({ id }) => id),
        lastSeq: 0,
      });
      this.relay('request.accepted.v1', news.request.program, news);
    },
    'request.closed.v1': (news) => {
      if (this.isNew(news.request)) this.relay('request.closed.v1', news.request.program, news);
    },
    'conversation.started.v1': (news) => {
      if (this.isNew(news.conversation))
        this.relay('conversation.started.v1', news.conversation.program, news);
    },
    'conversation.ended.v1': (news) => {
      const { conversation } = news;
      if (!this.isNew(conversation)) return;
      this.rosters.forget(conversation.id);
      this.relay('conversation.ended.v1', conversation.program, news);
    },
    'helpers.changed.v1': (news) => this.relay('helpers.changed.v1', news.program, news),
  };

  private relay<Name extends RelayedNews>(name: Name, program: string, news: NewsMap[Name]): void {
    this.relays.get(program)?.relay[name](news);
  }

  /** Whether this version was not shown yet; remembers it. */
  private isNew({ id, version }: { id: string; version: number }): boolean {
    const shown = this.versions.get(id);
    if (shown !== undefined && version <= shown) return false;
    if (this.versions.size >= REMEMBERED) {
      const oldest = this.versions.keys().next();
      if (!oldest.done) this.versions.delete(oldest.value);
    }
    this.versions.set(id, version);
    return true;
  }
}
