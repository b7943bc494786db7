import { Check, Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import { CATEGORY_CHECK } from './category-check';
import { PersonRow } from './people.entities';

/** An announcement of an administrator to an audience. Whom it went to stands in `notifications`. */
@Entity('campaigns')
@Check('campaigns_status', "status IN ('scheduled', 'sending', 'sent', 'cancelled')")
@Check('campaigns_category', CATEGORY_CHECK)
export class CampaignRow {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('text')
  status!: 'scheduled' | 'sending' | 'sent' | 'cancelled';

  @Column('text')
  category!: string;

  @Column('text')
  title!: string;

  @Column('text')
  body!: string;

  @Column('text', { nullable: true })
  templateId!: string | null;

  /** What the app gets beside our own fields. */
  @Column('jsonb', { default: {} })
  data!: Record<string, string>;

  @Column('jsonb')
  target!: unknown;

  /** People who match, before preferences: when it was made, and once it is expanded those it was made for. */
  @Column('integer')
  audience!: number;

  @Index('campaigns_idempotency_key', { unique: true })
  @Column('text', { nullable: true })
  idempotencyKey!: string | null;

  /** Of the request that made it, by which a repeat is told from another one with the same key. */
  @Column('text', { nullable: true })
  requestHash!: string | null;

  @Column('uuid', { nullable: true })
  createdBy!: string | null;

  @Column('timestamptz')
  createdAt!: Date;

  @Column('timestamptz')
  sendAt!: Date;

  /** Everybody up to this person's id has been looked at. */
  @Column('uuid', { nullable: true })
  expandedTo!: string | null;

  @Column('timestamptz', { nullable: true })
  expandedAt!: Date | null;

  /** When nothing was left to send. */
  @Column('timestamptz', { nullable: true })
  finishedAt!: Date | null;

  /** What became of it, written when it was finished. */
  @Column('jsonb', { nullable: true })
  counts!: unknown;

  @ManyToOne(() => PersonRow, { onDelete: 'SET NULL' })
  @JoinColumn({ name: 'created_by', foreignKeyConstraintName: 'campaigns_created_by_fk' })
  author?: PersonRow | null;
}

/** One row: when the next push of a campaign may leave, whichever worker sends it. */
@Entity('campaign_pace')
@Check('campaign_pace_one', 'id')
export class CampaignPaceRow {
  @PrimaryColumn('boolean', { default: true })
  id!: boolean;

  @Column('timestamptz')
  nextAt!: Date;
}

/** What a person wants to be told of, and when not. Without a row: everything, at any time. */
@Entity('notification_preferences')
@Check('notification_preferences_transactional', "NOT 'transactional' = ANY (opted_out)")
@Check('notification_preferences_quiet', 'num_nulls(quiet_from, quiet_to, time_zone) IN (0, 3)')
export class NotificationPreferencesRow {
  @PrimaryColumn('uuid')
  personId!: string;

  /** Categories that are switched off. */
  @Column('text', { array: true, default: [] })
  optedOut!: string[];

  /** Local time of day, such as 22:00. */
  @Column('text', { nullable: true })
  quietFrom!: string | null;

  @Column('text', { nullable: true })
  quietTo!: string | null;

  @Column('text', { nullable: true })
  timeZone!: string | null;

  @Column('timestamptz')
  updatedAt!: Date;

  @ManyToOne(() => PersonRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'person_id', foreignKeyConstraintName: 'notification_preferences_person_fk' })
  person?: PersonRow;
}

/** A title and text with variables: for announcements, or in place of the built-in ones of a kind of that id. */
@Entity('notification_templates')
@Check('notification_templates_category', CATEGORY_CHECK)
export class NotificationTemplateRow {
  @PrimaryColumn('text')
  id!: string;

  @Column('text', { nullable: true })
  name!: string | null;

  /** What announcements that use it are, unless they say another one. */
  @Column('text', { nullable: true })
  category!: string | null;

  @Column('text')
  title!: string;

  @Column('text')
  body!: string;

  @Column('timestamptz', { default: () => 'now()' })
  createdAt!: Date;

  @Column('timestamptz')
  updatedAt!: Date;
}
