import { Check, Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import { PersonRow } from './people.entities';

/** A seeker's open wish to talk. */
@Entity('help_requests')
@Check('help_requests_status', "status IN ('pending', 'accepted', 'cancelled', 'expired')")
@Check('help_requests_accepted', "(status = 'accepted') = (accepted_by IS NOT NULL)")
@Index('help_requests_one_pending', ['seekerId', 'program'], { unique: true, where: "status = 'pending'" })
@Index('help_requests_pending', ['program', 'createdAt'], { where: "status = 'pending'" })
@Index('help_requests_seeker', ['seekerId', 'createdAt'])
@Index('help_requests_created', ['createdAt'])
@Index('help_requests_accepted_at', ['acceptedAt'], { where: 'accepted_at IS NOT NULL' })
@Index('help_requests_texts', ['closedAt'], {
  where: "note IS NOT NULL AND status IN ('cancelled', 'expired')",
})
export class HelpRequestRow {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('text')
  program!: string;

  @Column('uuid')
  seekerId!: string;

  /** The dialect's own kind of request: `better_together`, `chat`, `voice` … */
  @Column('text')
  type!: string;

  @Column('text', { nullable: true })
  note!: string | null;

  @Column('text')
  status!: 'pending' | 'accepted' | 'cancelled' | 'expired';

  /** Rounds of invitations so far; the next re-invitation expects it. */
  @Column('integer', { default: 1 })
  round!: number;

  /** Grows with every change; news carry it so that a stale one can be told. */
  @Column('integer', { default: 1 })
  version!: number;

  @Column('timestamptz')
  createdAt!: Date;

  @Column('timestamptz', { nullable: true })
  acceptedAt!: Date | null;

  @Column('uuid', { nullable: true })
  acceptedBy!: string | null;

  @Column('timestamptz', { nullable: true })
  closedAt!: Date | null;

  /** When helpers were pushed to, in a program that asks everyone online. */
  @Column('timestamptz', { nullable: true })
  pushedAt!: Date | null;

  @ManyToOne(() => PersonRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'seeker_id', foreignKeyConstraintName: 'help_requests_seeker_fk' })
  seeker?: PersonRow;

  @ManyToOne(() => PersonRow, { onDelete: 'RESTRICT' })
  @JoinColumn({ name: 'accepted_by', foreignKeyConstraintName: 'help_requests_accepted_by_fk' })
  helper?: PersonRow | null;
}

/** A helper being asked for one request. */
@Entity('invitations')
@Check('invitations_status', "status IN ('invited', 'accepted', 'rejected', 'withdrawn')")
@Index('invitations_one_accepted', ['requestId'], { unique: true, where: "status = 'accepted'" })
@Index('invitations_helper', ['helperId'], { where: "status = 'invited'" })
export class InvitationRow {
  @PrimaryColumn('uuid')
  requestId!: string;

  @PrimaryColumn('uuid')
  helperId!: string;

  @Column('text')
  status!: 'invited' | 'accepted' | 'rejected' | 'withdrawn';

  /** The round in which they were asked, from 1. */
  @Column('integer')
  round!: number;

  @Column('timestamptz')
  invitedAt!: Date;

  @Column('timestamptz', { nullable: true })
  answeredAt!: Date | null;

  @ManyToOne(() => HelpRequestRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'request_id', foreignKeyConstraintName: 'invitations_request_fk' })
  request?: HelpRequestRow;

  @ManyToOne(() => PersonRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'helper_id', foreignKeyConstraintName: 'invitations_helper_fk' })
  helper?: PersonRow;
}
