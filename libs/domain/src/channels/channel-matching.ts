import { Inject, Injectable } from '@nestjs/common';
import { inTransaction } from '@kindline/database';
import { CLOCK, type Clock, RANDOMNESS, type Randomness } from '@kindline/platform';
import { DataSource, type EntityManager } from 'typeorm';
import { HELPER_SEEN_WITHIN } from '../matching/eligibility';
import {
  CONVERSATIONS_HELD,
  distribute,
  type Free,
  freeHelpers,
  type Given,
  type Waiting,
} from '../matching/least-loaded';
import { OnlineHelpers } from '../matching/online-helpers';
import { QueueMatching } from '../matching/queue-matching';
import { PUSH_DELAY_MS } from '../messages/message-writer';
import { Notifications } from '../notifications/notifications';
import type { Program } from '../programs/program';
import { joinAsHelpers } from './channel-joining';

/** Given out, or pushed about, by one transaction; what is left waits for the next one, right after it. */
const MOST_AT_ONCE = 50;

/** Gives waiting channels to helpers who are online: the one that has waited longest to the least loaded. */
@Injectable()
export class ChannelMatching extends QueueMatching {
  constructor(
    private readonly dataSource: DataSource,
    private readonly helpers: OnlineHelpers,
    private readonly notifications: Notifications,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RANDOMNESS) private readonly randomness: Randomness,
    @Inject(HELPER_SEEN_WITHIN) private readonly seenWithin: number,
  ) {
    super();
  }

  /** Who could be given a channel at this moment. @throws while Redis is away */
  async online(program: Program): Promise<string[]> {
    return this.helpers.of(program);
  }

  /**
   * Gives out what waits in the caller's transaction, which holds no other conversation than one it has made.
   * @returns whether there may be more to give out
   */
  async assign(manager: EntityManager, program: Program, online: string[]): Promise<boolean> {
    await lockQueue(manager);
    const queue = await manager.query<Waiting[]>(
      `SELECT c.id, m.person_id AS seeker_id
      FROM conversations c
      JOIN conversation_members m ON m.conversation_id = c.id AND m.role = 'seeker'
      WHERE c.program = $1 AND c.waiting_since IS NOT NULL ORDER BY c.waiting_since, c.id LIMIT $2`,
      [program.name, MOST_AT_ONCE],
    );
    const chosen = distribute(queue, await this.free(manager, program, online));
    if (chosen.length === 0) return false;
    // Others claim, add members and close beside this; so everything is locked, and looked at again.
    const waiting = await this.stillWaiting(manager, chosen);
    await manager.query(
      `SELECT FROM helper_profiles WHERE person_id = ANY ($1) ORDER BY person_id FOR UPDATE`,
      [chosen.map(({ helperId }) => helperId)],
    );
    const free = await this.free(
      manager,
      program,
      chosen.map(({ helperId }) => helperId),
    );
    const given = withinRoom(
      chosen.filter(({ id }) => waiting.has(id)),
      free,
    );
    const now = this.clock.now();
    const pushDueAt = new Date(now.getTime() + PUSH_DELAY_MS);
    if (given.length > 0) await joinAsHelpers(manager, program, given, { now, pushDueAt });
    return queue.length === MOST_AT_ONCE || given.length < chosen.length;
  }

  protected async round(program: Program): Promise<boolean> {
    const waiting = await this.dataSource.query<unknown[]>(
      `SELECT FROM conversations WHERE program = $1 AND waiting_since IS NOT NULL LIMIT 1`,
      [program.name],
    );
    if (waiting.length === 0) return false;
    const online = await this.online(program);
    return inTransaction(this.dataSource, (manager) =>
      online.length === 0 ? this.tellSome(manager, program) : this.assign(manager, program, online),
    );
  }

  /** Nobody is online: some with a device are told that someone waits, once each time that it begins to. */
  private async tellSome(manager: EntityManager, program: Program): Promise<boolean> {
    await lockQueue(manager);
    const untold = await manager.query<(Waiting & { key: string })[]>(
      `SELECT c.id, m.person_id AS seeker_id, told.key
      FROM conversations c
      JOIN conversation_members m ON m.conversation_id = c.id AND m.role = 'seeker'
      CROSS JOIN LATERAL (SELECT c.id || ':waiting:' || c.version AS key) told
      WHERE c.program = $1 AND c.waiting_since IS NOT NULL
        AND NOT EXISTS (SELECT FROM notifications n WHERE n.dedupe_key = told.key || ':0')
      ORDER BY c.waiting_since, c.id LIMIT $2`,
      [program.name, MOST_AT_ONCE],
    );
    for (const { id: conversationId, seeker_id, key } of untold) {
      const some = await this.helpers.withDevice(program, seeker_id, program.offlinePushSize, manager);
      if (some.length === 0) return false;
      const notifications = some.map((personId, index) => ({
        personId,
        conversationId,
        dedupeKey: `${key}:${index}`,
      }));
      await this.notifications.create(manager, program, 'request_invited', notifications);
    }
    return untold.length === MOST_AT_ONCE;
  }

  private async stillWaiting(manager: EntityManager, chosen: Given[]): Promise<Set<string>> {
    const rows = await manager.query<{ id: string }[]>(
      // In the order of their ids, as batches of messages lock them.
      `SELECT id FROM conversations WHERE id = ANY ($1) AND waiting_since IS NOT NULL ORDER BY id FOR NO KEY UPDATE`,
      [chosen.map(({ id }) => id)],
    );
    return new Set(rows.map(({ id }) => id));
  }

  private async free(manager: EntityManager, program: Program, among: string[]): Promise<Free[]> {
    return freeHelpers(manager, program, CONVERSATIONS_HELD, {
      among,
      seenSince: new Date(this.clock.now().getTime() - this.seenWithin),
      seed: this.randomness.seed(),
    });
  }
}

function withinRoom(given: Given[], free: Free[]): Given[] {
  const room = new Map(free.map((helper) => [helper.person_id, helper.room]));
  return given.filter(({ helperId }) => {
    const left = room.get(helperId) ?? 0;
    room.set(helperId, left - 1);
    return left > 0;
  });
}

/** One round at a time, on any replica: what two give out side by side is not spread over the least loaded. */
async function lockQueue(manager: EntityManager): Promise<void> {
  await manager.query(`SELECT pg_advisory_xact_lock(hashtextextended('channels', 0))`);
}
