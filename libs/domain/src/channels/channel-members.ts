import { Inject, Injectable } from '@nestjs/common';
import type { Person } from '@kindline/auth';
import { KindlineError } from '@kindline/contracts';
import { inTransaction } from '@kindline/database';
import { CLOCK, type Clock } from '@kindline/platform';
import { DataSource, type EntityManager } from 'typeorm';
import { HELPER_SEEN_WITHIN, lockHelperWithRoom } from '../matching/eligibility';
import { PUSH_DELAY_MS } from '../messages/message-writer';
import type { Program } from '../programs/program';
import { ChannelAccess, type Standing } from './channel-access';
import { joinAsHelpers } from './channel-joining';
import { CHANNELS_PROGRAM } from './channels-program';

/** Who answers a channel: whoever claims it, and whom they bring in. */
@Injectable()
export class ChannelMembers {
  constructor(
    private readonly dataSource: DataSource,
    private readonly access: ChannelAccess,
    @Inject(CHANNELS_PROGRAM) private readonly program: Program,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(HELPER_SEEN_WITHIN) private readonly seenWithin: number,
  ) {}

  /**
   * Makes the helper the one who answers an unclaimed channel; of many at once, and against the matching, exactly one
   * wins. The winner's repeat changes nothing.
   * @throws not_found, already_claimed, conversation_ended, at_capacity, forbidden (also for one's own channel)
   */
  async claim(channelId: string, helper: Person): Promise<void> {
    await inTransaction(this.dataSource, async (manager) => {
      const { id, status, waiting, role } = await this.access.lock(manager, channelId, helper.id);
      if (role === 'seeker') throw new KindlineError('forbidden', 'This channel is your own');
      if (status === 'ended') throw new KindlineError('conversation_ended');
      if (role === 'helper') return;
      if (!waiting) throw new KindlineError('already_claimed');
      await this.lockWithRoom(manager, helper.id);
      await joinAsHelpers(manager, this.program, [{ id, helperId: helper.id }], {
        now: this.clock.now(),
        pushDueAt: null,
      });
    });
  }

  /**
   * Brings another helper in: for its helpers, for all of them while it is unclaimed, and for supervisors. Who is
   * there already stays so.
   * @throws not_found (also for an unknown person), forbidden, conversation_ended, at_capacity, validation_failed for
   * a person who could not answer it
   */
  async add(channelId: string, sub: string, by: Person): Promise<void> {
    await inTransaction(this.dataSource, async (manager) => {
      const standing = await this.access.lock(manager, channelId, by.id);
      this.requireMayAdd(standing, by);
      const [person] = await manager.query<{ id: string; role: string | null }[]>(
        `SELECT p.id, m.role FROM people p
        LEFT JOIN conversation_members m ON m.conversation_id = $1 AND m.person_id = p.id WHERE p.sub = $2`,
        [standing.id, sub],
      );
      if (!person) throw new KindlineError('not_found', 'There is no such person');
      if (standing.status === 'ended') throw new KindlineError('conversation_ended');
      if (person.role === 'helper') return;
      if (person.role === 'seeker') throw cannotAnswer('who opened the channel cannot answer it');
      await this.lockAdded(manager, person.id);
      const now = this.clock.now();
      await joinAsHelpers(manager, this.program, [{ id: standing.id, helperId: person.id }], {
        now,
        pushDueAt: person.id === by.id ? null : new Date(now.getTime() + PUSH_DELAY_MS),
      });
    });
  }

  private requireMayAdd(standing: Standing, by: Person): void {
    if (this.access.supervises(by)) return;
    const { role, waiting } = standing;
    if (this.access.answersNow(by, standing) && (role === 'helper' || waiting)) return;
    throw new KindlineError('forbidden', 'You do not answer this channel');
  }

  private async lockAdded(manager: EntityManager, helperId: string): Promise<void> {
    try {
      await this.lockWithRoom(manager, helperId);
    } catch (error) {
      if (!(error instanceof KindlineError) || error.code !== 'forbidden') throw error;
      throw cannotAnswer(`must be an active ${this.program.helperRole} who was seen lately`);
    }
  }

  private async lockWithRoom(manager: EntityManager, helperId: string): Promise<void> {
    const seenSince = new Date(this.clock.now().getTime() - this.seenWithin);
    await lockHelperWithRoom(manager, this.program, helperId, seenSince);
  }
}

const cannotAnswer = (message: string): KindlineError =>
  new KindlineError('validation_failed', undefined, { errors: [{ path: 'sub', message }] });
