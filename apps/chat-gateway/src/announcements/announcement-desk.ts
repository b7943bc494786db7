import { Injectable } from '@nestjs/common';
import type { AnnouncementNewsMap, CommonServerEvents, TransportNews } from '@kindline/contracts';
import type { TransportSubscriber } from '@kindline/platform';
import { Connections } from '../sockets/connections';

/** Shows announcements to people who are connected: they get no push. */
@Injectable()
export class AnnouncementDesk {
  constructor(private readonly connections: Connections) {}

  start(news: TransportSubscriber<TransportNews>): void {
    news.on('announcement.shown.v1', (shown) => this.show(shown));
  }

  private show({ to, ...announcement }: AnnouncementNewsMap['announcement.shown.v1']): void {
    for (const { personId, notificationId: id, createdAt: created_at } of to) {
      this.connections.emit<CommonServerEvents, 'notification:new'>([personId], 'notification:new', {
        id,
        ...announcement,
        created_at,
      });
    }
  }
}
