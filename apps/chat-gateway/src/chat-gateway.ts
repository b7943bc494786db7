import { Inject, Injectable } from '@nestjs/common';
import type { NewsName, TransportNews } from '@kindline/contracts';
import { MessageIntake } from '@kindline/domain';
import { NEWS_SUBSCRIBER, Shutdown, type TransportSubscriber } from '@kindline/platform';
import type { Server } from 'node:http';
import { AnnouncementDesk } from './announcements/announcement-desk';
import { BookingDesk } from './bookings/booking-desk';
import { CallDesk } from './calls/call-desk';
import { CounselingDesk } from './counseling/counseling-desk';
import { CATCH_UP_EVERY_MS, CatchUp } from './delivery/catch-up';
import { NewsDesk } from './delivery/news-desk';
import { Absence } from './sockets/absence';
import { PresenceLease } from './sockets/presence-lease';
import { SocketServer } from './sockets/socket-server';
import { SupportDesk } from './support/support-desk';

/** How often lapsed leases of other gateways are looked for. */
const SWEEP_EVERY_MS = 5_000;

/** Starts the gateway's parts in the order in which they need each other, and stops them in reverse. */
@Injectable()
export class ChatGateway {
  private readonly timers: NodeJS.Timeout[] = [];

  constructor(
    private readonly sockets: SocketServer,
    private readonly lease: PresenceLease,
    private readonly absence: Absence,
    private readonly catchUp: CatchUp,
    private readonly desk: NewsDesk,
    private readonly intake: MessageIntake,
    private readonly announcements: AnnouncementDesk,
    private readonly bookings: BookingDesk,
    private readonly calls: CallDesk,
    private readonly counseling: CounselingDesk,
    private readonly support: SupportDesk,
    private readonly shutdown: Shutdown,
    @Inject(NEWS_SUBSCRIBER) private readonly news: TransportSubscriber<TransportNews>,
  ) {}

  async start(http: Server): Promise<void> {
    for (const name of Object.keys(this.desk.handlers) as NewsName[]) this.subscribe(name);
    this.news.onReconnect(() => void this.catchUp.run());
    this.announcements.start(this.news);
    this.bookings.start(this.news);
    this.calls.start(this.news);
    this.counseling.start(this.news);
    this.support.start(this.news);
    await this.lease.start();
    // What waits already is found before anybody comes.
    void this.catchUp.run();
    this.sockets.listen(http);
    this.timers.push(
      setInterval(() => void this.catchUp.run(), CATCH_UP_EVERY_MS),
      setInterval(() => void this.absence.sweep().catch(() => undefined), SWEEP_EVERY_MS),
    );
    this.shutdown.onDrain('presence', () => this.lease.stop());
    this.shutdown.onDrain('sockets', () => this.stop());
  }

  private subscribe<Name extends NewsName>(name: Name): void {
    this.news.on(name, this.desk.handlers[name]);
  }

  private async stop(): Promise<void> {
    this.lease.freeze(this.sockets.anybody);
    await this.support.stop();
    // Whoever is still here misses nothing meanwhile.
    await this.sockets.sendAway();
    for (const timer of this.timers) clearInterval(timer);
    await Promise.all([
      this.intake.writer.settled(),
      this.bookings.stop(),
      this.calls.stop(),
      this.counseling.stop(),
    ]);
    await this.sockets.close();
    await Promise.all([this.bookings.settled(), this.calls.settled(), this.support.settled()]);
  }
}
