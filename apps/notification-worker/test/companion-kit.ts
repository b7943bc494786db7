import { enqueue, uuidV7 } from '@kindline/database';
import {
  type NewNotification,
  type NotificationMoment,
  Notifications,
  type Program,
  Programs,
} from '@kindline/domain';
import type { RunningService } from '@kindline/platform';
import { DataSource } from 'typeorm';
import { type Chat, type Owner, type PushWorld, SECRET_WORDS } from './push-world';

/** Requests, conversations and pushes of companion, in a world of pushes. */
export class CompanionKit {
  constructor(private readonly world: PushWorld) {}

  get program(): Program {
    return this.world.worker.app.get(Programs).get('companion');
  }

  /** A pending request with a note nobody may see in a push. */
  async request(senior: Owner): Promise<string> {
    const id = uuidV7();
    await this.world.sql.query(
      `INSERT INTO help_requests (id, program, seeker_id, type, note, status, created_at)
      VALUES ($1, 'companion', $2, 'chat', $3, 'pending', now())`,
      [id, senior.id, SECRET_WORDS],
    );
    return id;
  }

  async cancel(requestId: string): Promise<void> {
    await this.world.sql.query(
      `UPDATE help_requests SET status = 'cancelled', closed_at = now() WHERE id = $1`,
      [requestId],
    );
  }

  async reject(requestId: string, volunteer: Owner): Promise<void> {
    await this.world.sql.query(
      `INSERT INTO invitations (request_id, helper_id, status, round, invited_at, answered_at)
      VALUES ($1, $2, 'rejected', 1, now(), now())`,
      [requestId, volunteer.id],
    );
  }

  /** An accepted request and its conversation, of which nobody was told yet. */
  async chat(senior: Owner, volunteer: Owner): Promise<Chat> {
    const [id, requestId] = [uuidV7(), uuidV7()];
    await this.world.sql.query(
      `WITH request AS (
        INSERT INTO help_requests (id, program, seeker_id, type, note, status, created_at, accepted_at, accepted_by, closed_at)
        VALUES ($2, 'companion', $3, 'chat', $5, 'accepted', now(), now(), $4, now())
      ), conversation AS (
        INSERT INTO conversations (id, program, request_id, status, created_at, last_activity_at)
        VALUES ($1, 'companion', $2, 'active', now(), now())
      )
      INSERT INTO conversation_members (conversation_id, person_id, role, program, joined_at)
      VALUES ($1, $3, 'seeker', 'companion', now()), ($1, $4, 'helper', 'companion', now())`,
      [id, requestId, senior.id, volunteer.id, SECRET_WORDS],
    );
    return { id, requestId, user: senior, volunteer };
  }

  /** Creates notifications as a cause in the domain does. @param worker by default the first one */
  notify(
    moment: NotificationMoment,
    notifications: NewNotification[],
    { app }: RunningService = this.world.worker,
  ): Promise<string[]> {
    return app
      .get(DataSource)
      .transaction((manager) => app.get(Notifications).create(manager, this.program, moment, notifications));
  }

  /** The job that makes a request's pushes, as starting a request enqueues it. */
  async push(...requestIds: string[]): Promise<void> {
    await this.world.worker.app.get(DataSource).transaction((manager) =>
      enqueue(
        manager,
        ...requestIds.map((requestId) => ({
          queue: 'push' as const,
          task: 'request.push',
          payload: { requestId },
        })),
      ),
    );
  }

  /** As if the least distance of two pushes had passed; the worker has then dealt with what was held. */
  async windowEnds(...people: Owner[]): Promise<void> {
    await this.world.sql.query('UPDATE push_windows SET next_at = now() WHERE person_id = ANY ($1)', [
      people.map(({ id }) => id),
    ]);
    await this.world.idle();
  }

  /** What is known of somebody's window. */
  async window(person: Owner): Promise<{ suppressed: number; held: string[] } | undefined> {
    const { rows } = await this.world.sql.query<{ suppressed: number; held: string[] }>(
      `SELECT suppressed, ARRAY(SELECT jsonb_object_keys(held)) AS held FROM push_windows WHERE person_id = $1`,
      [person.id],
    );
    return rows[0];
  }
}
