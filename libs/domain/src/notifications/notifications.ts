import { Inject, Injectable } from '@nestjs/common';
import { enqueue, inTransaction, uuidV7 } from '@kindline/database';
import { CLOCK, type Clock } from '@kindline/platform';
import { DataSource, type EntityManager } from 'typeorm';
import { AuditLog } from '../people/audit-log';
import type { NotificationMoment, Program } from '../programs/program';
import type { NotificationKind } from './notification-kind';
import { render } from './template';

/** One job pushes at most this many notifications: FCM's limit of messages a call. */
export const NOTIFICATIONS_PER_JOB = 500;

export interface NewNotification {
  personId: string;
  requestId?: string;
  conversationId?: string;
  senderId?: string;
  /** What makes a repeated cause create it once. */
  dedupeKey?: string;
}

/** Creates notifications in the transaction of their cause, with the job that will push them. */
@Injectable()
export class Notifications {
  constructor(
    private readonly dataSource: DataSource,
    private readonly audit: AuditLog,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Shows a person that their devices are reached. @param actor who does it to them, for the audit log */
  async test(program: Program, personId: string, actor?: string): Promise<void> {
    await inTransaction(this.dataSource, async (manager) => {
      await this.create(manager, program, 'test', [{ personId }]);
      if (actor !== undefined)
        await this.audit.record({ actor, action: 'test notification', personId }, manager);
    });
  }

  /** @returns the ids of those created; one whose dedupe key exists is left out. */
  async create(
    manager: EntityManager,
    program: Program,
    moment: NotificationMoment,
    notifications: readonly NewNotification[],
  ): Promise<string[]> {
    const kind = program.notifications[moment];
    return kind ? this.createOf(manager, kind, notifications, program) : [];
  }

  /** The same for a kind that no program has. */
  async createOf(
    manager: EntityManager,
    kind: NotificationKind,
    notifications: readonly NewNotification[],
    program?: Program,
  ): Promise<string[]> {
    if (notifications.length === 0) return [];
    const now = this.clock.now();
    const people = await manager.query<{ id: string; name: string | null }[]>(
      `SELECT id, name FROM people WHERE id = ANY ($1)`,
      [notifications.map(({ personId }) => personId)],
    );
    const names = new Map(people.map(({ id, name }) => [id, name]));
    const [template] = await manager.query<{ title: string; body: string }[]>(
      `SELECT title, body FROM notification_templates WHERE id = $1`,
      [kind.kind],
    );
    const { title, body } = template ?? kind;
    const rows = notifications.map((notification) => {
      const name = names.get(notification.personId)?.split(' ')[0];
      return { ...notification, id: uuidV7(), title: render(title, { name }), body: render(body, { name }) };
    });
    const created = await manager.query<{ id: string }[]>(
      `INSERT INTO notifications (id, person_id, kind, dedupe_key, program, request_id, conversation_id, sender_id,
        title, body, channel_key, screen, priority, only_absent, created_at)
      SELECT n.id, n.person_id, $1, n.dedupe_key, $2, n.request_id, n.conversation_id, n.sender_id,
        n.title, n.body, $3, $4, $5, $6, $7
      FROM unnest($8::uuid[], $9::uuid[], $10::text[], $11::uuid[], $12::uuid[], $13::uuid[], $14::text[], $15::text[])
        AS n (id, person_id, dedupe_key, request_id, conversation_id, sender_id, title, body)
      ON CONFLICT (dedupe_key) DO NOTHING
      RETURNING id`,
      [
        kind.kind,
        program?.name ?? null,
        kind.channelKey,
        kind.screen,
        kind.priority,
        kind.onlyAbsent,
        now,
        rows.map((row) => row.id),
        rows.map((row) => row.personId),
        rows.map((row) => row.dedupeKey ?? null),
        rows.map((row) => row.requestId ?? null),
        rows.map((row) => row.conversationId ?? null),
        rows.map((row) => row.senderId ?? null),
        rows.map((row) => row.title),
        rows.map((row) => row.body),
      ],
    );
    const ids = created.map(({ id }) => id);
    for (let from = 0; from < ids.length; from += NOTIFICATIONS_PER_JOB) {
      const notificationIds = ids.slice(from, from + NOTIFICATIONS_PER_JOB);
      await enqueue(manager, { queue: 'push', task: 'notifications.send', payload: { notificationIds } });
    }
    return ids;
  }
}
