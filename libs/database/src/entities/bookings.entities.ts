import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/**
 * A booking for its facilitator's inbox. Facilitators are known by their `sub`: a booking may come before
 * its facilitator's first token. The ids grow with time, which retention relies on.
 */
@Entity('booking_notifications')
@Index('booking_notifications_undelivered', ['facilitatorId', 'id'], { where: 'delivered_at IS NULL' })
@Index('booking_notifications_unread', ['facilitatorId', 'id'], { where: 'read_at IS NULL' })
export class BookingNotificationRow {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('text')
  facilitatorId!: string;

  /** `key:` and the event's own, else `content:` and a hash of facilitator, booking and content. */
  @Index('booking_notifications_dedupe_key', { unique: true })
  @Column('text')
  dedupeKey!: string;

  /** `{booking_id, user, session}` as they came. */
  @Column('json')
  booking!: object;

  /** Who published it: `service:<fingerprint>`, or `transport`. */
  @Column('text')
  source!: string;

  @Column('timestamptz')
  createdAt!: Date;

  /** Whether its facilitator had an open session when it was stored. */
  @Column('boolean')
  wasOnline!: boolean;

  /** When a gateway first emitted it to a live socket. */
  @Column('timestamptz', { nullable: true })
  emittedAt!: Date | null;

  /** When it counts as received: confirmed by the client, or emitted to one that does not confirm. */
  @Column('timestamptz', { nullable: true })
  deliveredAt!: Date | null;

  @Column('timestamptz', { nullable: true })
  readAt!: Date | null;

  /** When its facilitator is to be pushed to, unless they have received it by then. */
  @Index('booking_notifications_push_due', { where: 'push_due_at IS NOT NULL' })
  @Column('timestamptz', { nullable: true })
  pushDueAt!: Date | null;
}

/** A facilitator's socket: connected, last seen, ended. */
@Entity('facilitator_sessions')
@Index('facilitator_sessions_open', ['facilitatorId'], { where: 'ended_at IS NULL' })
@Index('facilitator_sessions_gateway', ['gatewayId'], { where: 'ended_at IS NULL' })
export class FacilitatorSessionRow {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('text')
  facilitatorId!: string;

  @Column('text')
  gatewayId!: string;

  @Column('text')
  socketId!: string;

  @Column('timestamptz')
  connectedAt!: Date;

  @Column('timestamptz')
  lastSeenAt!: Date;

  @Column('timestamptz', { nullable: true })
  endedAt!: Date | null;
}
