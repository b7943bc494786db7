import { Inject, Injectable } from '@nestjs/common';
import { inTransaction } from '@kindline/database';
import type { ProgramName } from '@kindline/contracts';
import { isThrottled, Notifications, Programs } from '@kindline/domain';
import { CLOCK, type Clock } from '@kindline/platform';
import { DataSource } from 'typeorm';
import { WhoIsConnected } from '../sending/who-is-connected';
import { Outbox } from './outbox';

const BATCH = 200;

interface DueMember {
  conversation_id: string;
  person_id: string;
  program: ProgramName;
  role: 'seeker' | 'helper';
  sender_id: string | null;
  unread: boolean;
}

/**
 * The member row is the outbox of message pushes: what gathered until `push_due_at` becomes one
 * notification. Replicas share the rows by SKIP LOCKED. Uses conversation_members_push_due.
 */
@Injectable()
export class MessagePushOutbox extends Outbox {
  constructor(
    private readonly dataSource: DataSource,
    private readonly programs: Programs,
    private readonly notifications: Notifications,
    private readonly connected: WhoIsConnected,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    super(BATCH);
  }

  protected async batch(): Promise<number> {
    const now = this.clock.now();
    const spared = await this.spared(now);
    return inTransaction(this.dataSource, async (manager) => {
      const due = await manager.query<DueMember[]>(
        `SELECT m.conversation_id, m.person_id, m.program, m.role, c.last_seq > m.last_read_seq AS unread,
          (SELECT t.sender_id FROM messages t
            WHERE t.conversation_id = m.conversation_id AND t.sender_id IS DISTINCT FROM m.person_id
            ORDER BY t.seq DESC LIMIT 1) AS sender_id
        FROM conversation_members m
        JOIN conversations c ON c.id = m.conversation_id
        WHERE m.push_due_at <= $1
        ORDER BY m.push_due_at LIMIT $2
        FOR UPDATE OF m SKIP LOCKED`,
        [now, BATCH],
      );
      if (due.length === 0) return 0;
      await manager.query(
        `UPDATE conversation_members m SET push_due_at = NULL
        FROM unnest($1::uuid[], $2::uuid[]) AS d (conversation_id, person_id)
        WHERE m.conversation_id = d.conversation_id AND m.person_id = d.person_id`,
        [due.map((row) => row.conversation_id), due.map((row) => row.person_id)],
      );
      for (const [program, role] of groups(due)) {
        const group = due.filter(
          (row) =>
            row.unread &&
            row.program === program &&
            row.role === role &&
            !spared.has(`${program}:${row.person_id}`),
        );
        await this.notifications.create(
          manager,
          this.programs.get(program),
          `message_to_${role}`,
          group.map((row) => ({
            personId: row.person_id,
            conversationId: row.conversation_id,
            ...(row.sender_id && { senderId: row.sender_id }),
          })),
        );
      }
      return due.length;
    });
  }

  /**
   * Those who are connected, in programs that keep a least distance: a push that is skipped when it is sent must not
   * use up a window. Asked before the transaction, so that nobody waits for Redis with rows locked.
   */
  private async spared(now: Date): Promise<ReadonlySet<string>> {
    const throttled = this.programs.all().filter(isThrottled);
    const due = await this.dataSource.query<{ person_id: string; program: ProgramName }[]>(
      `SELECT person_id, program FROM conversation_members WHERE push_due_at <= $1 AND program = ANY ($2)
      ORDER BY push_due_at LIMIT $3`,
      [now, throttled.map(({ name }) => name), BATCH],
    );
    const connected = await this.connected.of([...new Set(due.map(({ person_id }) => person_id))]);
    return new Set(
      due.flatMap(({ person_id, program }) => (connected.has(person_id) ? [`${program}:${person_id}`] : [])),
    );
  }
}

function groups(due: DueMember[]): [ProgramName, DueMember['role']][] {
  const seen = new Map(
    due.map(({ program, role }) => [
      `${program}:${role}`,
      [program, role] as [ProgramName, DueMember['role']],
    ]),
  );
  // In one order in every replica: they lock the windows of the same people.
  return [...seen].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
}
