import { Inject, Injectable } from '@nestjs/common';
import { enqueue, inTransaction, uuidV7 } from '@kindline/database';
import { CLOCK, type Clock } from '@kindline/platform';
import { DataSource, type EntityManager } from 'typeorm';
import { AuditLog } from '../people/audit-log';
import type { NotificationMoment, Program } from '../programs/program';
import type { NotificationKind } from './notification-kind';
import { isThrottled, PushWindows } from './push-windows';
import { render } from './template';

/** One job pushes at most this many notifications: FCM's limit of messages a call. */
export const NOTIFICATIONS_PER_JOB = 500;

export interface NewNotification {
  personId: string;
  requestId?: string;
  conversationId?: string;
  /** The anonymous session it is forgotten with; devices do not learn it. */
  sessionId?: string;
  senderId?: string;
  /** What makes a repeated cause create it once; one that was held is not remembered by it. */
  dedupeKey?: string;
  /** Pushes that were spared and that this one stands for as well. */
  folded?: number;
}

/** Creates notifications in the transaction of their cause, with the job that will push them. */
@Injectable()
export class Notifications {
  constructor(
    private readonly dataSource: DataSource,
    private readonly audit: AuditLog,
    private readonly windows: PushWindows,
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

  /**
   * Where the program keeps a least distance of two pushes, what comes too soon is held instead.
   * @returns the ids of those created; one whose dedupe key exists is left out.
   */
  async create(
    manager: EntityManager,
    program: Program,
    moment: NotificationMoment,
    notifications: readonly NewNotification[],
  ): Promise<string[]> {
    const kind = program.notifications[moment];
    if (!kind) return [];
    const due =
      isThrottled(program) && !kind.unthrottled
        ? await this.windows.admit(manager, program, moment, notifications)
        : notifications;
    return this.createOf(manager, kind, due, program);
  }

  /** The same whatever the program's least distance, and for a kind that no program has. */
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
    const [template] = kind.fixedText
      ? []
      : await manager.query<{ title: string; body: string }[]>(
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
        title, body, channel_key, screen, priority, only_absent, created_at, expires_at, folded, session_id, category)
      SELECT n.id, n.person_id, $1, n.dedupe_key, $2, n.request_id, n.conversation_id, n.sender_id,
        n.title, n.body, $3, $4, $5, $6, $7, $8, n.folded, n.session_id, $19
      FROM unnest($9::uuid[], $10::uuid[], $11::text[], $12::uuid[], $13::uuid[], $14::uuid[], $15::text[], $16::text[],
        $17::int[], $18::uuid[])
        AS n (id, person_id, dedupe_key, request_id, conversation_id, sender_id, title, body, folded, session_id)
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
        kind.ttlMs === undefined ? null : new Date(now.getTime() + kind.ttlMs),
        rows.map((row) => row.id),
        rows.map((row) => row.personId),
        rows.map((row) => row.dedupeKey ?? null),
        rows.map((row) => row.requestId ?? null),
        rows.map((row) => row.conversationId ?? null),
        rows.map((row) => row.senderId ?? null),
        rows.map((row) => row.title),
        rows.map((row) => row.body),
        rows.map((row) => row.folded ?? 0),
        rows.map((row) => row.sessionId ?? null),
        kind.category ?? 'transactional',
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
