import { Controller, Get, Inject } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { bookingHealth, bookingStats } from '@kindline/contracts';
import { BookingInbox, FacilitatorSessions, PresenceDirectory } from '@kindline/domain';
import { CLOCK, type Clock, Endpoint } from '@kindline/platform';
import type { z } from 'zod';
import { Connections } from '../sockets/connections';

/** How the booking service is, over all replicas. */
@ApiTags('bookings')
@Controller()
export class BookingStatusController {
  constructor(
    private readonly inbox: BookingInbox,
    private readonly sessions: FacilitatorSessions,
    private readonly presence: PresenceDirectory,
    private readonly connections: Connections,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Get('health')
  @Endpoint({ summary: 'Who is connected', access: 'public', response: bookingHealth })
  async health(): Promise<z.infer<typeof bookingHealth>> {
    const [online_facilitators, backend_connected] = await Promise.all([
      this.sessions.online(),
      this.backendConnected(),
    ]);
    return {
      status: 'healthy',
      service: 'notification_service',
      timestamp: this.clock.now().toISOString(),
      online_facilitators,
      backend_connected,
    };
  }

  @Get('stats')
  @Endpoint({ summary: 'Numbers of bookings', access: { serviceOnly: true }, response: bookingStats })
  async stats(): Promise<z.infer<typeof bookingStats>> {
    const [online_facilitators, backend_connected, { total, undelivered }, facilitator_sessions] =
      await Promise.all([
        this.sessions.online(),
        this.backendConnected(),
        this.inbox.counts(),
        this.sessions.count(),
      ]);
    return {
      online_facilitators,
      backend_connected,
      total_notifications: total,
      pending_notifications: undelivered,
      facilitator_sessions,
    };
  }

  /** While Redis is away: what this replica knows. */
  private backendConnected(): Promise<boolean> {
    return this.presence.backendConnected().catch(() => this.connections.hasBackends);
  }
}
