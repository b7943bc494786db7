import { Check, Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import { AnonymousSessionRow } from './anonymous-sessions.entities';
import { CampaignRow } from './campaigns.entities';
import { CATEGORY_CHECK } from './category-check';
import { PersonRow } from './people.entities';

/** One thing to tell one person; created in the transaction of its cause. */
@Entity('notifications')
@Check('notifications_priority', "priority IN ('high', 'normal')")
@Index('notifications_person', ['personId', 'createdAt'])
@Index('notifications_created', ['createdAt'])
@Index('notifications_session', ['sessionId'], { where: 'session_id IS NOT NULL' })
@Check('notifications_category', CATEGORY_CHECK)
@Check('notifications_withheld', "withheld IN ('opted_out', 'cancelled')")
@Check('notifications_text', 'campaign_id IS NOT NULL OR num_nulls(title, body) = 0')
@Index('notifications_campaign_person', ['campaignId', 'personId'], {
  unique: true,
  where: 'campaign_id IS NOT NULL',
})
@Index('notifications_inbox', ['personId', 'id'], {
  where: 'campaign_id IS NOT NULL AND withheld IS NULL',
})
export class NotificationRow {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid')
  personId!: string;

  @Column('text')
  kind!: string;

  /** The announcement it belongs to; title and text stand there. */
  @Column('uuid', { nullable: true })
  campaignId!: string | null;

  /** What the person may have switched off. */
  @Column('text', { default: 'transactional' })
  category!: string;

  /** What makes a repeated job create it once, such as `<conversation>:reminder`. */
  @Index('notifications_dedupe_key', { unique: true })
  @Column('text', { nullable: true })
  dedupeKey!: string | null;

  @Column('text', { nullable: true })
  program!: string | null;

  @Column('uuid', { nullable: true })
  requestId!: string | null;

  @Column('uuid', { nullable: true })
  conversationId!: string | null;

  /** The anonymous session it belongs to, and with which it is forgotten. */
  @Column('uuid', { nullable: true })
  sessionId!: string | null;

  /** Who caused it, where that is a person. */
  @Column('uuid', { nullable: true })
  senderId!: string | null;

  @Column('text', { nullable: true })
  title!: string | null;

  @Column('text', { nullable: true })
  body!: string | null;

  @Column('text')
  channelKey!: string;

  @Column('text')
  screen!: string;

  @Column('text')
  priority!: 'high' | 'normal';

  /** Not sent to someone who is connected. */
  @Column('boolean')
  onlyAbsent!: boolean;

  /** Pushes that the person was spared since the one before. */
  @Column('integer', { default: 0 })
  folded!: number;

  @Column('timestamptz')
  createdAt!: Date;

  /** From then on it is useless and not sent any more. */
  @Column('timestamptz', { nullable: true })
  expiresAt!: Date | null;

  /** When the worker was through with it; null while a job is still due. */
  @Column('timestamptz', { nullable: true })
  settledAt!: Date | null;

  /** Why it is neither pushed nor shown. */
  @Column('text', { nullable: true })
  withheld!: 'opted_out' | 'cancelled' | null;

  /** The end of the person's quiet hours, while it waits for that. */
  @Column('timestamptz', { nullable: true })
  heldUntil!: Date | null;

  /** When the person had read it in their inbox. */
  @Column('timestamptz', { nullable: true })
  readAt!: Date | null;

  @ManyToOne(() => CampaignRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'campaign_id', foreignKeyConstraintName: 'notifications_campaign_fk' })
  campaign?: CampaignRow | null;

  @ManyToOne(() => PersonRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'person_id', foreignKeyConstraintName: 'notifications_person_fk' })
  person?: PersonRow;

  @ManyToOne(() => AnonymousSessionRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'session_id', foreignKeyConstraintName: 'notifications_session_fk' })
  session?: AnonymousSessionRow | null;
}

/** The ledger: one entry per notification and token, or one without a token that says why nothing was sent. */
@Entity('notification_deliveries')
@Check(
  'notification_deliveries_status',
  "status IN ('pending', 'accepted', 'rejected', 'unknown', 'skipped')",
)
@Index('notification_deliveries_token_key', ['notificationId', 'tokenHash'], { unique: true })
@Index('notification_deliveries_created', ['createdAt'])
export class NotificationDeliveryRow {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid')
  notificationId!: string;

  /** The token's row while it exists; a retired token leaves its mask. */
  @Column('uuid', { nullable: true })
  pushTokenId!: string | null;

  /** SHA-256 of the token, hex; empty for an entry without a token. */
  @Column('text')
  tokenHash!: string;

  @Column('text', { nullable: true })
  tokenMask!: string | null;

  @Column('text')
  status!: 'pending' | 'accepted' | 'rejected' | 'unknown' | 'skipped';

  @Column('text', { nullable: true })
  reason!: string | null;

  @Column('integer', { default: 0 })
  attempts!: number;

  @Column('timestamptz')
  createdAt!: Date;

  @Column('timestamptz')
  updatedAt!: Date;

  @ManyToOne(() => NotificationRow, { onDelete: 'CASCADE' })
  @JoinColumn({
    name: 'notification_id',
    foreignKeyConstraintName: 'notification_deliveries_notification_fk',
  })
  notification?: NotificationRow;
}

/** The newest notification of one moment that waits for its window's end. */
export interface HeldNotification {
  requestId?: string;
  conversationId?: string;
  senderId?: string;
}

/**
 * When a person may be pushed to again in a program that keeps a least distance. What comes sooner is counted,
 * and the newest of each moment is held until then.
 */
@Entity('push_windows')
@Index('push_windows_held', ['nextAt'], { where: "held <> '{}'" })
export class PushWindowRow {
  @PrimaryColumn('uuid')
  personId!: string;

  @PrimaryColumn('text')
  program!: string;

  @Column('timestamptz')
  nextAt!: Date;

  /** What was not pushed since the last push, held or not. */
  @Column('integer', { default: 0 })
  suppressed!: number;

  /** What the last push stands for besides itself. */
  @Column('integer', { default: 0 })
  folded!: number;

  /** By moment. */
  @Column('jsonb', { default: {} })
  held!: Record<string, HeldNotification>;

  @ManyToOne(() => PersonRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'person_id', foreignKeyConstraintName: 'push_windows_person_fk' })
  person?: PersonRow;
}
