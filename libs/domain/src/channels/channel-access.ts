import { Inject, Injectable } from '@nestjs/common';
import type { Person } from '@kindline/auth';
import { isUuid, KindlineError, type ProgramName, SUPERVISING_ROLES } from '@kindline/contracts';
import { DataSource, type EntityManager } from 'typeorm';
import type { MemberRole } from '../conversations/conversations';
import type { Program } from '../programs/program';
import { CHANNELS_PROGRAM } from './channels-program';

/** Where a channel stands, and what a person is in it. */
export interface Standing {
  id: string;
  program: ProgramName;
  status: 'active' | 'ended';
  version: number;
  lastSeq: number;
  memberIds: string[];
  waiting: boolean;
  role: MemberRole | null;
  /** Whether they are an active helper; a token may outlive that. */
  helps: boolean;
}

/** Who may see a channel, and who may decide about it. */
@Injectable()
export class ChannelAccess {
  constructor(
    private readonly dataSource: DataSource,
    @Inject(CHANNELS_PROGRAM) private readonly program: Program,
  ) {}

  /** Whether this person could take channels: by their token, and as long as they are an active helper. */
  async answers(person: Person): Promise<boolean> {
    if (!this.hasRole(person)) return false;
    const active = await this.dataSource.query<unknown[]>(
      `SELECT FROM helper_profiles WHERE person_id = $1 AND active`,
      [person.id],
    );
    return active.length > 0;
  }

  /** The same where it is known how they stand to a channel. */
  answersNow(person: Person, { helps }: Standing): boolean {
    return helps && this.hasRole(person);
  }

  supervises({ roles }: Person): boolean {
    return SUPERVISING_ROLES.some((role) => roles.includes(role));
  }

  /**
   * Its members, those who could take it while it is unclaimed, and supervisors.
   * @throws not_found, forbidden
   */
  async requireVisible(channelId: string, person: Person): Promise<Standing> {
    const standing = await this.find(this.dataSource.manager, channelId, person.id);
    const { role, waiting } = standing;
    const mayTake = waiting && this.answersNow(person, standing);
    if (role === null && !mayTake && !this.supervises(person)) throw notYours();
    return standing;
  }

  /** The same for its seeker, its helpers and supervisors only. @throws not_found, forbidden */
  async requireDecider(channelId: string, person: Person): Promise<Standing> {
    const standing = await this.find(this.dataSource.manager, channelId, person.id);
    this.requireDeciding(standing, person);
    return standing;
  }

  /** @throws forbidden */
  requireDeciding({ role }: Standing, person: Person): void {
    if (role === null && !this.supervises(person)) throw notYours();
  }

  /** Locks the channel until the transaction's end; helpers are locked after it, never before. @throws not_found */
  async lock(manager: EntityManager, channelId: string, personId: string): Promise<Standing> {
    if (!isUuid(channelId)) throw unknownChannel();
    await manager.query(`SELECT FROM conversations WHERE id = $1 FOR NO KEY UPDATE`, [channelId]);
    return this.find(manager, channelId, personId);
  }

  private hasRole({ roles }: Person): boolean {
    return roles.includes(this.program.helperRole);
  }

  private async find(manager: EntityManager, channelId: string, personId: string): Promise<Standing> {
    if (!isUuid(channelId)) throw unknownChannel();
    const [standing] = await manager.query<Standing[]>(
      `SELECT c.id, c.program, c.status, c.version, c.last_seq AS "lastSeq", c.waiting_since IS NOT NULL AS waiting, m.role,
        ARRAY(SELECT o.person_id::text FROM conversation_members o WHERE o.conversation_id = c.id) AS "memberIds",
        EXISTS (SELECT FROM helper_profiles h WHERE h.person_id = $2 AND h.active) AS helps
      FROM conversations c
      LEFT JOIN conversation_members m ON m.conversation_id = c.id AND m.person_id = $2
      WHERE c.id = $1 AND c.program = $3`,
      [channelId, personId, this.program.name],
    );
    if (!standing) throw unknownChannel();
    return standing;
  }
}

const unknownChannel = (): KindlineError => new KindlineError('not_found', 'There is no such channel');
const notYours = (): KindlineError => new KindlineError('forbidden', 'You do not belong to this channel');
