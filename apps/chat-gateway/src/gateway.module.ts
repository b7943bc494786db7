import { type DynamicModule, Module } from '@nestjs/common';
import { AuthModule } from '@kindline/auth';
import { TRANSPORT_NEWS, type TransportNews } from '@kindline/contracts';
import { createPool } from '@kindline/database';
import {
  ANONYMOUS_SESSIONS,
  BOOKING_EMITTER,
  BOOKING_ORIGIN,
  BookingIntake,
  Bookings,
  BookingStore,
  CHANNELS,
  DomainModule,
  Emissions,
  MESSAGE_ORIGIN,
  MessageIntake,
  MessageMetrics,
  MESSAGES_HERE,
  MessageSurroundings,
  NEWS_PUBLISHER,
  Programs,
  Rosters,
  SessionStore,
  SessionSweep,
  WRITE_TIMEOUT_MS,
  WRITER_CONNECTIONS,
  WRITER_POOL,
} from '@kindline/domain';
import {
  Channels,
  type Clock,
  createRedis,
  gatherWrites,
  MetricsRegistry,
  NEWS_SUBSCRIBER,
  PlatformModule,
  type TransitionLog,
  TransportPublisher,
  TransportSubscriber,
} from '@kindline/platform';
import { randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import { AnnouncementDesk } from './announcements/announcement-desk';
import { BetterTogetherDialect } from './better-together/better-together.dialect';
import { BetterTogetherRelay, chatMessageEmitter } from './better-together/better-together.relay';
import { BackendDialect } from './bookings/backend.dialect';
import { BookingDelivery } from './bookings/booking-delivery';
import { BookingDesk } from './bookings/booking-desk';
import { BookingStatusController } from './bookings/booking-status.controller';
import { FacilitatorDialect } from './bookings/facilitator.dialect';
import { Facilitators } from './bookings/facilitators';
import { Receptions } from './bookings/receptions';
import { SessionKeeper } from './bookings/session-keeper';
import { CallDesk } from './calls/call-desk';
import { CallKeeper } from './calls/call-keeper';
import { CallLanes } from './calls/call-lanes';
import { CallSignals } from './calls/call-signals';
import { CallsDialect } from './calls/calls.dialect';
import { IceServers } from './calls/ice-servers';
import { ChatGateway } from './chat-gateway';
import { MessagesReceivedDialect } from './common/messages-received.dialect';
import { MessagesSyncDialect } from './common/messages-sync.dialect';
import { CompanionDialect } from './companion/companion.dialect';
import { CompanionRelay, messageNewEmitter } from './companion/companion.relay';
import { AbsentSides } from './counseling/absent-sides';
import { ChatAdmission } from './counseling/chat-admission';
import { CHAT_ROUTER, ChatNamespace } from './counseling/chat-namespace';
import { CHAT_REDIS } from './counseling/chat-redis';
import { ChatRooms } from './counseling/chat-rooms';
import { CounselingDesk } from './counseling/counseling-desk';
import { CounselingDialect } from './counseling/counseling.dialect';
import { QueueBoard } from './counseling/queue-board';
import { SessionTeller } from './counseling/session-teller';
import { CatchUp } from './delivery/catch-up';
import { Delivery } from './delivery/delivery';
import { MESSAGE_EMITTERS, type MessageEmitters } from './delivery/message-emitter';
import { MessagesOnSockets } from './delivery/messages-on-sockets';
import { MissedMessages } from './delivery/missed-messages';
import { NewsDesk } from './delivery/news-desk';
import { NEWS_RELAYS } from './delivery/news-relay';
import { ReceiptBoard } from './delivery/receipt-board';
import { Receipts } from './delivery/receipts';
import { Signs } from './delivery/signs';
import { Watchers } from './delivery/watchers';
import { GATEWAY_ENV, GATEWAY_ID, type GatewayEnv } from './gateway-env';
import { GatewayHealth } from './gateway-health';
import { GatewayMetrics } from './gateway-metrics';
import { Absence } from './sockets/absence';
import { Admission } from './sockets/admission';
import { Arrivals } from './sockets/arrivals';
import { DIALECTS } from './sockets/client-event';
import { Connections } from './sockets/connections';
import { EventRouter } from './sockets/event-router';
import { HelpersHere } from './sockets/helpers-here';
import { PendingInvitations } from './sockets/pending-invitations';
import { PresenceLease } from './sockets/presence-lease';
import { SocketAuth } from './sockets/socket-auth';
import { SIDE_NAMESPACES } from './sockets/side-namespace';
import { SocketServer } from './sockets/socket-server';
import { PresenceTeller } from './support/presence-teller';
import { SupportDesk } from './support/support-desk';
import { SupportDialect } from './support/support.dialect';
import { channelMessageEmitter, SupportRelay } from './support/support.relay';

const emitters: MessageEmitters = {
  better_together: chatMessageEmitter,
  companion: messageNewEmitter,
  support: channelMessageEmitter,
};

/** Whether a message on the transport is a batch this gateway published: it was delivered right after its commit. */
const isBatchOf = (gatewayId: string) => {
  const messages = JSON.stringify({ pattern: 'messages.appended.v1', data: { gatewayId } }).slice(0, -2);
  const bookings = JSON.stringify({ pattern: 'bookings.stored.v1', data: { origin: gatewayId } }).slice(
    0,
    -2,
  );
  return (message: string): boolean => message.startsWith(messages) || message.startsWith(bookings);
};

/** A dialect is its events, its relay and its message emitter, listed here. */
@Module({})
export class GatewayModule {
  static forRoot(env: GatewayEnv, log: TransitionLog, clock?: Clock): DynamicModule {
    const redis = createRedis(env.REDIS_URL, 'gateway', log);
    // Of their own, so that what many sockets send in one moment shares a round trip.
    const chatRedis = gatherWrites(createRedis(env.REDIS_URL, 'sessions', log));
    const gatewayId = randomUUID();
    return {
      module: GatewayModule,
      imports: [
        PlatformModule.forRoot(env, redis),
        AuthModule,
        DomainModule.forRoot({
          databaseUrl: env.DATABASE_URL,
          applicationName: 'kindline-gateway',
          programs: Programs.fromFile(env.PROGRAMS_FILE),
          helperSeenWithin: env.HELPER_SEEN_WITHIN,
          ...(clock && { clock }),
        }),
      ],
      controllers: [BookingStatusController],
      providers: [
        { provide: GATEWAY_ENV, useValue: env },
        { provide: GATEWAY_ID, useValue: gatewayId },
        {
          provide: WRITER_POOL,
          useFactory: () =>
            createPool(env.DATABASE_URL, 'kindline-writer', WRITER_CONNECTIONS, WRITE_TIMEOUT_MS),
        },
        ...ANONYMOUS_SESSIONS,
        ...CHANNELS,
        { provide: CHAT_REDIS, useValue: chatRedis },
        { provide: SessionStore, useValue: new SessionStore(chatRedis) },
        { provide: Channels, useFactory: () => new Channels(env.REDIS_URL, log) },
        {
          provide: CHAT_ROUTER,
          inject: [CounselingDialect, MetricsRegistry],
          useFactory: (dialect: CounselingDialect, metrics: MetricsRegistry) =>
            new EventRouter([dialect], env, metrics),
        },
        {
          provide: SIDE_NAMESPACES,
          inject: [ChatNamespace],
          useFactory: (...namespaces: unknown[]) => namespaces,
        },
        { provide: NEWS_PUBLISHER, useValue: new TransportPublisher<TransportNews>(redis) },
        {
          provide: NEWS_SUBSCRIBER,
          useFactory: () =>
            new TransportSubscriber<TransportNews>(env.REDIS_URL, TRANSPORT_NEWS, log, isBatchOf(gatewayId)),
        },
        { provide: MESSAGE_EMITTERS, useValue: emitters },
        { provide: MESSAGE_ORIGIN, useValue: gatewayId },
        { provide: MESSAGES_HERE, useClass: MessagesOnSockets },
        {
          provide: Rosters,
          inject: [DataSource],
          useFactory: (dataSource: DataSource) => new Rosters(dataSource),
        },
        BackendDialect,
        BetterTogetherDialect,
        CompanionDialect,
        CallsDialect,
        FacilitatorDialect,
        MessagesReceivedDialect,
        MessagesSyncDialect,
        SupportDialect,
        BetterTogetherRelay,
        CompanionRelay,
        SupportRelay,
        {
          provide: DIALECTS,
          inject: [
            BackendDialect,
            BetterTogetherDialect,
            CompanionDialect,
            CallsDialect,
            FacilitatorDialect,
            MessagesReceivedDialect,
            MessagesSyncDialect,
            SupportDialect,
          ],
          useFactory: (...dialects: unknown[]) => dialects,
        },
        {
          provide: NEWS_RELAYS,
          inject: [BetterTogetherRelay, CompanionRelay, SupportRelay],
          useFactory: (...relays: unknown[]) => relays,
        },
        { provide: BOOKING_ORIGIN, useValue: gatewayId },
        { provide: BOOKING_EMITTER, useExisting: Facilitators },
        Absence,
        AbsentSides,
        AnnouncementDesk,
        Admission,
        Arrivals,
        BookingDelivery,
        BookingDesk,
        BookingIntake,
        Bookings,
        BookingStore,
        CallDesk,
        CallKeeper,
        CallLanes,
        CallSignals,
        CatchUp,
        ChatAdmission,
        ChatGateway,
        ChatNamespace,
        ChatRooms,
        CounselingDesk,
        CounselingDialect,
        Connections,
        Delivery,
        Emissions,
        EventRouter,
        Facilitators,
        GatewayHealth,
        GatewayMetrics,
        HelpersHere,
        IceServers,
        MessageIntake,
        MessageMetrics,
        MessageSurroundings,
        MissedMessages,
        NewsDesk,
        PendingInvitations,
        PresenceLease,
        PresenceTeller,
        QueueBoard,
        ReceiptBoard,
        Receipts,
        Receptions,
        SessionKeeper,
        SessionSweep,
        SessionTeller,
        Signs,
        SocketAuth,
        SocketServer,
        SupportDesk,
        Watchers,
      ],
    };
  }
}
