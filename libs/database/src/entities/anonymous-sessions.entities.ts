import { Check, Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import { PersonRow } from './people.entities';

/**
 * Who asked for an anonymous session, when, and who has it: what matching and the handling of abuse need. Redis
 * has the rest under the same id: what is said there, and under which anonymous ids, never stands here. The row
 * goes when Redis has forgotten the session, and its notifications with it.
 */
@Entity('anonymous_sessions')
@Check('anonymous_sessions_status', "status IN ('queued', 'active', 'ended')")
@Check('anonymous_sessions_active', "status <> 'active' OR helper_id IS NOT NULL")
@Check('anonymous_sessions_queued', "status <> 'queued' OR helper_id IS NULL")
@Check('anonymous_sessions_ended', "(status = 'ended') = (ended_at IS NOT NULL)")
@Check('anonymous_sessions_ended_by', "ended_by IN ('seeker', 'helper', 'system')")
@Index('anonymous_sessions_one_open', ['seekerId', 'program'], { unique: true, where: "status <> 'ended'" })
@Index('anonymous_sessions_queue', ['program', 'createdAt'], { where: "status = 'queued'" })
@Index('anonymous_sessions_load', ['helperId', 'program'], { where: "status = 'active'" })
@Index('anonymous_sessions_check', ['checkAt'])
@Index('anonymous_sessions_seeker_push', ['seekerPushDueAt'], { where: 'seeker_push_due_at IS NOT NULL' })
@Index('anonymous_sessions_helper_push', ['helperPushDueAt'], { where: 'helper_push_due_at IS NOT NULL' })
export class AnonymousSessionRow {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('text')
  program!: string;

  @Column('uuid')
  seekerId!: string;

  @Column('uuid', { nullable: true })
  helperId!: string | null;

  @Column('text')
  status!: 'queued' | 'active' | 'ended';

  /** Grows whenever it is queued, given to a helper, or ended. */
  @Column('integer', { default: 1 })
  version!: number;

  /** Its helper was lost: it waits before all who were never helped. */
  @Column('boolean', { default: false })
  returned!: boolean;

  @Column('timestamptz')
  createdAt!: Date;

  /** When its version became what it is. */
  @Column('timestamptz')
  changedAt!: Date;

  /** Since when its helper has been offline. */
  @Column('timestamptz', { nullable: true })
  lostAt!: Date | null;

  @Column('timestamptz', { nullable: true })
  endedAt!: Date | null;

  @Column('text', { nullable: true })
  endedBy!: 'seeker' | 'helper' | 'system' | null;

  /** When it is to be compared with what Redis has. */
  @Column('timestamptz')
  checkAt!: Date;

  /** The row is the outbox of pushes to a side that is not there while something waits for it. */
  @Column('timestamptz', { nullable: true })
  seekerPushDueAt!: Date | null;

  @Column('timestamptz', { nullable: true })
  helperPushDueAt!: Date | null;

  @ManyToOne(() => PersonRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'seeker_id', foreignKeyConstraintName: 'anonymous_sessions_seeker_fk' })
  seeker?: PersonRow;

  @ManyToOne(() => PersonRow, { onDelete: 'RESTRICT' })
  @JoinColumn({ name: 'helper_id', foreignKeyConstraintName: 'anonymous_sessions_helper_fk' })
  helper?: PersonRow | null;
}
