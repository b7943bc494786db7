import type { TransportNews } from '@kindline/contracts';
import type { MessageIntake } from '@kindline/domain';
import type { Shutdown, TransportSubscriber } from '@kindline/platform';
import { createServer } from 'node:http';
import type { AnnouncementDesk } from './announcements/announcement-desk';
import type { BookingDesk } from './bookings/booking-desk';
import type { CallDesk } from './calls/call-desk';
import { ChatGateway } from './chat-gateway';
import type { CounselingDesk } from './counseling/counseling-desk';
import type { CatchUp } from './delivery/catch-up';
import type { NewsDesk } from './delivery/news-desk';
import type { Absence } from './sockets/absence';
import type { PresenceLease } from './sockets/presence-lease';
import type { SocketServer } from './sockets/socket-server';
import type { SupportDesk } from './support/support-desk';

describe('a gateway in the background', () => {
  const run = jest.fn(async () => undefined);
  const sweep = jest.fn(async () => undefined);
  const drains: (() => Promise<void> | void)[] = [];
  let reconnected: () => void = () => undefined;

  beforeAll(async () => {
    jest.useFakeTimers();
    const gateway = new ChatGateway(
      {
        listen: () => undefined,
        sendAway: async () => undefined,
        close: async () => undefined,
      } as unknown as SocketServer,
      {
        start: async () => undefined,
        freeze: () => undefined,
        stop: async () => undefined,
      } as unknown as PresenceLease,
      { sweep } as unknown as Absence,
      { run } as unknown as CatchUp,
      { handlers: {} } as unknown as NewsDesk,
      { writer: { settled: async () => undefined } } as unknown as MessageIntake,
      { start: () => undefined } as unknown as AnnouncementDesk,
      {
        start: () => undefined,
        stop: async () => undefined,
        settled: async () => undefined,
      } as unknown as BookingDesk,
      {
        start: () => undefined,
        stop: async () => undefined,
        settled: async () => undefined,
      } as unknown as CallDesk,
      { start: () => undefined, stop: async () => undefined } as unknown as CounselingDesk,
      {
        start: () => undefined,
        stop: async () => undefined,
        settled: async () => undefined,
      } as unknown as SupportDesk,
      {
        onDrain: (_what: string, drain: () => Promise<void>) => void drains.push(drain),
      } as unknown as Shutdown,
      {
        onReconnect: (listener: () => void) => (reconnected = listener),
      } as unknown as TransportSubscriber<TransportNews>,
    );
    await gateway.start(createServer());
  });
  beforeEach(() => jest.clearAllMocks());
  afterAll(() => jest.useRealTimers());

  it('compares with Postgres every 15 seconds, and looks for lapsed leases every 5', () => {
    jest.advanceTimersByTime(30_000);
    expect([run.mock.calls.length, sweep.mock.calls.length]).toEqual([2, 6]);
  });

  it('compares as soon as Redis is back', () => {
    reconnected();
    expect(run).toHaveBeenCalledTimes(1);
  });

  it('does neither any more once it drains', async () => {
    for (const drain of drains) await drain();
    jest.advanceTimersByTime(30_000);
    expect([run.mock.calls.length, sweep.mock.calls.length]).toEqual([0, 0]);
  });
});
