import { Check, Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';

/** An account, known by its token's `sub`; created on first sight of a valid token. */
@Entity('people')
@Check('people_email_lower', 'email = lower(email)')
// Of expressions and for patterns, which TypeORM cannot say: see the migration.
@Index('people_name_begins', { synchronize: false })
@Index('people_email_begins', { synchronize: false })
@Index('people_sub_begins', { synchronize: false })
export class PersonRow {
  @PrimaryColumn('uuid')
  id!: string;

  @Index('people_sub_key', { unique: true })
  @Column('text')
  sub!: string;

  @Index('people_email_key', { unique: true })
  @Column('text', { nullable: true })
  email!: string | null;

  @Column('text', { nullable: true })
  name!: string | null;

  @Index('people_registered')
  @Column('timestamptz')
  registeredAt!: Date;

  @Column('timestamptz')
  createdAt!: Date;
}

/** A role a person's token carried, and when it was last seen: a helper's role lapses after a while. */
@Entity('person_roles')
@Index('person_roles_by_role', ['role', 'seenAt'])
export class PersonRoleRow {
  @PrimaryColumn('uuid')
  personId!: string;

  @PrimaryColumn('text')
  role!: string;

  @Column('timestamptz')
  seenAt!: Date;

  @ManyToOne(() => PersonRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'person_id', foreignKeyConstraintName: 'person_roles_person_fk' })
  person?: PersonRow;
}

/** When someone who is not connected was last seen by those who may know it. */
@Entity('last_seen')
export class LastSeenRow {
  @PrimaryColumn('uuid')
  personId!: string;

  @Column('timestamptz')
  at!: Date;

  @ManyToOne(() => PersonRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'person_id', foreignKeyConstraintName: 'last_seen_person_fk' })
  person?: PersonRow;
}

/** What a helper and their supervisor set. Load, rating and time spent are derived from conversations. */
@Entity('helper_profiles')
@Index('helper_profiles_available', ['personId'], { where: 'available AND active' })
@Index('helper_profiles_leads', ['personId'], { where: 'lead AND active' })
export class HelperProfileRow {
  @PrimaryColumn('uuid')
  personId!: string;

  @Column('boolean', { default: false })
  available!: boolean;

  @Column('boolean', { default: true })
  active!: boolean;

  @Column('boolean', { default: false })
  lead!: boolean;

  /** Own capacity per program, where it differs from the program's: `{"better_together": 3}`. */
  @Column('jsonb', { default: {} })
  capacities!: Record<string, number>;

  @Column('timestamptz')
  updatedAt!: Date;

  @ManyToOne(() => PersonRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'person_id', foreignKeyConstraintName: 'helper_profiles_person_fk' })
  person?: PersonRow;
}

/** A device that can be pushed to. A token belongs to the account that registered it last. */
@Entity('push_tokens')
@Check('push_tokens_platform', "platform IN ('android', 'ios', 'web')")
@Index('push_tokens_person', ['personId'])
export class PushTokenRow {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid')
  personId!: string;

  @Index('push_tokens_token_key', { unique: true })
  @Column('text')
  token!: string;

  @Column('text')
  platform!: 'android' | 'ios' | 'web';

  @Column('timestamptz')
  createdAt!: Date;

  @Column('timestamptz')
  seenAt!: Date;

  @Column('timestamptz', { nullable: true })
  validatedAt!: Date | null;

  @ManyToOne(() => PersonRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'person_id', foreignKeyConstraintName: 'push_tokens_person_fk' })
  person?: PersonRow;
}

/** Who did something in whose name: backends acting for people, supervisors changing helpers. */
@Entity('audit_log')
@Index('audit_log_at', ['at'])
export class AuditLogRow {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('timestamptz')
  at!: Date;

  /** `service:<fingerprint>` or `person:<uuid>`. */
  @Column('text')
  actor!: string;

  @Column('text')
  action!: string;

  @Column('uuid', { nullable: true })
  personId!: string | null;

  @Column('text', { nullable: true })
  subject!: string | null;
}
