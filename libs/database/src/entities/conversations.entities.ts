import { Check, Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import { PersonRow } from './people.entities';
import { HelpRequestRow } from './requests.entities';

/**
 * What an accepted request becomes, or what begins without one. Every message updates its row, so it has fillfactor 70 (see the
 * migration) and no index on what a message changes: the update stays on its page (HOT).
 */
@Entity('conversations')
@Check('conversations_status', "status IN ('active', 'ended')")
@Check('conversations_ended', "(status = 'ended') = (ended_at IS NOT NULL)")
@Check('conversations_waiting', "waiting_since IS NULL OR status = 'active'")
@Check('conversations_ended_by', "ended_by IN ('seeker', 'helper', 'system')")
@Index('conversations_active', ['program'], { where: "status = 'active'" })
@Index('conversations_ended_at', ['endedAt'], { where: "status = 'ended'" })
@Index('conversations_waiting_since', ['program', 'waitingSince', 'id'], {
  where: 'waiting_since IS NOT NULL',
})
export class ConversationRow {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('text')
  program!: string;

  @Index('conversations_request_key', { unique: true })
  @Column('uuid', { nullable: true })
  requestId!: string | null;

  @Column('text')
  status!: 'active' | 'ended';

  @Column('integer', { default: 1 })
  version!: number;

  /** Of one that began without a request. */
  @Column('text', { nullable: true })
  subject!: string | null;

  @Column('timestamptz')
  createdAt!: Date;

  /** Since when it has no helper and waits for one. */
  @Column('timestamptz', { nullable: true })
  waitingSince!: Date | null;

  /** When both sides had opened it. */
  @Column('timestamptz', { nullable: true })
  startedAt!: Date | null;

  /** The last opening or stored message: what inactivity is counted from. */
  @Column('timestamptz')
  lastActivityAt!: Date;

  @Column('timestamptz', { nullable: true })
  lastMessageAt!: Date | null;

  /** The newest message's `seq`; 0 when there is none. */
  @Column('integer', { default: 0 })
  lastSeq!: number;

  /** The activity time an expiry warning was sent for, so that one silence is warned of once. */
  @Column('timestamptz', { nullable: true })
  warnedFor!: Date | null;

  @Column('timestamptz', { nullable: true })
  endedAt!: Date | null;

  @Column('text', { nullable: true })
  endedBy!: 'seeker' | 'helper' | 'system' | null;

  @Column('text', { nullable: true })
  endReason!: string | null;

  @Column('text', { array: true, default: [] })
  tags!: string[];

  @Column('text', { default: '' })
  flagReason!: string;

  @ManyToOne(() => HelpRequestRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'request_id', foreignKeyConstraintName: 'conversations_request_fk' })
  request?: HelpRequestRow | null;
}

/**
 * Who belongs to a conversation. `program` and `open` repeat the conversation's so that a helper's load
 * is one probe of a partial index. `push_due_at` makes the row the outbox of message pushes.
 */
@Entity('conversation_members')
@Check('conversation_members_role', "role IN ('seeker', 'helper')")
@Index('conversation_members_open', ['personId', 'program', 'role', 'conversationId'], { where: 'open' })
@Index('conversation_members_person', ['personId', 'conversationId'])
@Index('conversation_members_settled', ['personId', 'program', 'settledAt', 'conversationId'], {
  where: 'settled_at IS NOT NULL',
})
@Index('conversation_members_push_due', ['pushDueAt'], { where: 'push_due_at IS NOT NULL' })
export class ConversationMemberRow {
  @PrimaryColumn('uuid')
  conversationId!: string;

  @PrimaryColumn('uuid')
  personId!: string;

  @Column('text')
  role!: 'seeker' | 'helper';

  @Column('text')
  program!: string;

  /** The conversation is active and the member has not left it. */
  @Column('boolean', { default: true })
  open!: boolean;

  @Column('timestamptz')
  joinedAt!: Date;

  /** The conversation's `last_seq` at that time: what came later is shown to them live. */
  @Column('integer', { default: 0 })
  joinedSeq!: number;

  /** The last activity of one that began without a request, while it is ended: what those are listed by. */
  @Column('timestamptz', { nullable: true })
  settledAt!: Date | null;

  @Column('timestamptz', { nullable: true })
  firstOpenedAt!: Date | null;

  @Column('timestamptz', { nullable: true })
  lastOpenedAt!: Date | null;

  @Column('integer', { default: 0 })
  lastReadSeq!: number;

  @Column('timestamptz', { nullable: true })
  pushDueAt!: Date | null;

  @ManyToOne(() => ConversationRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'conversation_id', foreignKeyConstraintName: 'conversation_members_conversation_fk' })
  conversation?: ConversationRow;

  @ManyToOne(() => PersonRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'person_id', foreignKeyConstraintName: 'conversation_members_person_fk' })
  person?: PersonRow;
}

/**
 * Text in a conversation. No foreign keys and few indexes: each costs several microseconds a message, and
 * `append_messages` guarantees what they would. Deleting a conversation deletes its messages by trigger.
 */
@Entity('messages')
@Check('messages_type', "type IN ('text', 'voice', 'system')")
@Index('messages_client_id_key', ['conversationId', 'senderId', 'clientId'], {
  unique: true,
  where: 'client_id IS NOT NULL',
})
export class MessageRow {
  @PrimaryColumn('uuid')
  conversationId!: string;

  /** From 1 per conversation, without gaps. */
  @PrimaryColumn('integer')
  seq!: number;

  @Column('uuid')
  id!: string;

  @Column('uuid', { nullable: true })
  senderId!: string | null;

  @Column('text', { nullable: true })
  clientId!: string | null;

  @Column('text')
  type!: 'text' | 'voice' | 'system';

  @Column('text')
  content!: string;

  @Column('jsonb', { nullable: true })
  replyTo!: unknown;

  @Column('timestamptz')
  createdAt!: Date;
}

/** Up to where someone had read, and when: a message's `read_at` is the first row at or above its `seq`. */
@Entity('message_reads')
export class MessageReadRow {
  @PrimaryColumn('uuid')
  conversationId!: string;

  @PrimaryColumn('uuid')
  personId!: string;

  @PrimaryColumn('integer')
  upToSeq!: number;

  @Column('timestamptz')
  readAt!: Date;

  @ManyToOne(() => ConversationRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'conversation_id', foreignKeyConstraintName: 'message_reads_conversation_fk' })
  conversation?: ConversationRow;
}

/** The seeker's judgement, once per conversation. */
@Entity('feedback')
@Check('feedback_rating', 'rating BETWEEN 1 AND 5')
@Index('feedback_helper', ['helperId'])
export class FeedbackRow {
  @PrimaryColumn('uuid')
  conversationId!: string;

  @Column('uuid')
  seekerId!: string;

  @Column('uuid', { nullable: true })
  helperId!: string | null;

  @Column('integer')
  rating!: number;

  @Column('text', { nullable: true })
  comment!: string | null;

  @Column('timestamptz')
  createdAt!: Date;

  @ManyToOne(() => ConversationRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'conversation_id', foreignKeyConstraintName: 'feedback_conversation_fk' })
  conversation?: ConversationRow;

  @ManyToOne(() => PersonRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'seeker_id', foreignKeyConstraintName: 'feedback_seeker_fk' })
  seeker?: PersonRow;

  @ManyToOne(() => PersonRow, { onDelete: 'SET NULL' })
  @JoinColumn({ name: 'helper_id', foreignKeyConstraintName: 'feedback_helper_fk' })
  helper?: PersonRow | null;
}
