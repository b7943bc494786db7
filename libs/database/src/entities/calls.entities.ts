import { Check, Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import { ConversationRow } from './conversations.entities';
import { PersonRow } from './people.entities';

/**
 * A voice call, from its offer on. Each side is carried by one socket: the caller's from the offer, the
 * callee's from the answer; `…_carrier_since` says which sockets are too old to take over. `…_lost_at` says since when that socket is gone; `…_next_socket` is one that
 * arrived later and may carry the side on.
 */
@Entity('call_records')
@Check('call_records_status', "status IN ('ringing', 'active', 'ended')")
@Check('call_records_ended', "(status = 'ended') = (ended_at IS NOT NULL AND end_reason IS NOT NULL)")
@Check('call_records_answered', "status <> 'active' OR answered_at IS NOT NULL")
@Check('call_records_ringing', "ringing IS NULL OR status = 'ringing'")
@Check('call_records_answer', "answer IS NULL OR status = 'active'")
@Index('call_records_live', ['conversationId'], { unique: true, where: "status <> 'ended'" })
@Index('call_records_live_caller', ['callerId'], { where: "status <> 'ended'" })
@Index('call_records_live_callee', ['calleeId'], { where: "status <> 'ended'" })
@Index('call_records_number_key', ['conversationId', 'number'], { unique: true })
export class CallRecordRow {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid')
  conversationId!: string;

  /** Counts the calls of a conversation, from 1. */
  @Column('integer')
  number!: number;

  @Column('uuid')
  callerId!: string;

  @Column('uuid')
  calleeId!: string;

  @Column('text')
  status!: 'ringing' | 'active' | 'ended';

  @Column('integer', { default: 1 })
  version!: number;

  @Column('timestamptz')
  startedAt!: Date;

  @Column('timestamptz', { nullable: true })
  answeredAt!: Date | null;

  @Column('timestamptz', { nullable: true })
  endedAt!: Date | null;

  @Column('uuid', { nullable: true })
  endedBy!: string | null;

  @Column('text', { nullable: true })
  endReason!: string | null;

  @Column('jsonb', { nullable: true })
  callerQuality!: unknown;

  @Column('jsonb', { nullable: true })
  calleeQuality!: unknown;

  @Column('text', { nullable: true })
  callerSocket!: string | null;

  @Column('text', { nullable: true })
  callerGateway!: string | null;

  @Column('text', { nullable: true })
  calleeSocket!: string | null;

  @Column('text', { nullable: true })
  calleeGateway!: string | null;

  @Column('timestamptz', { nullable: true })
  callerCarrierSince!: Date | null;

  @Column('timestamptz', { nullable: true })
  calleeCarrierSince!: Date | null;

  @Column('text', { nullable: true })
  callerNextSocket!: string | null;

  @Column('text', { nullable: true })
  callerNextGateway!: string | null;

  @Column('text', { nullable: true })
  calleeNextSocket!: string | null;

  @Column('text', { nullable: true })
  calleeNextGateway!: string | null;

  @Column('timestamptz', { nullable: true })
  callerLostAt!: Date | null;

  @Column('timestamptz', { nullable: true })
  calleeLostAt!: Date | null;

  /** While it rings: `{sdp, candidates}` as JSON texts, for a callee who connects late. It holds addresses, so it goes with the ringing. */
  @Column('jsonb', { nullable: true })
  ringing!: unknown;

  /** The same of the first answer, until the caller's side shows by a signal that it has heard it. */
  @Column('jsonb', { nullable: true })
  answer!: unknown;

  /** The side whose new terms the other one has not answered yet. */
  @Column('text', { nullable: true })
  offeredBy!: 'caller' | 'callee' | null;

  @ManyToOne(() => ConversationRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'conversation_id', foreignKeyConstraintName: 'call_records_conversation_fk' })
  conversation?: ConversationRow;

  @ManyToOne(() => PersonRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'caller_id', foreignKeyConstraintName: 'call_records_caller_fk' })
  caller?: PersonRow;

  @ManyToOne(() => PersonRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'callee_id', foreignKeyConstraintName: 'call_records_callee_fk' })
  callee?: PersonRow;
}
