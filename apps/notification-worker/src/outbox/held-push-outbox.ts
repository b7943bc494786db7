import { Inject, Injectable } from '@nestjs/common';
import type { ProgramName } from '@kindline/contracts';
import { type HeldNotification, inTransaction } from '@kindline/database';
import {
  type NotificationMoment,
  Notifications,
  type Program,
  Programs,
  PushWindows,
} from '@kindline/domain';
import { CLOCK, type Clock } from '@kindline/platform';
import { DataSource, type EntityManager } from 'typeorm';
import { WhoIsConnected } from '../sending/who-is-connected';
import { stillMatters } from './held-pushes';
import { Outbox } from './outbox';

const BATCH = 200;

/** Somebody whose window is over while something was held. */
interface EndedWindow {
  person_id: string;
  program: ProgramName;
  suppressed: number;
  held: Partial<Record<NotificationMoment, HeldNotification>>;
}

/**
 * The window is the outbox of what it held: at its end a person gets one push, of the most important that still
 * matters, and the next window begins. What does not matter any more stays counted for the next push. Replicas share
 * the rows by SKIP LOCKED. Uses push_windows_held.
 */
@Injectable()
export class HeldPushOutbox extends Outbox {
  constructor(
    private readonly dataSource: DataSource,
    private readonly programs: Programs,
    private readonly notifications: Notifications,
    private readonly windows: PushWindows,
    private readonly connected: WhoIsConnected,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    super(BATCH);
  }

  protected async batch(): Promise<number> {
    const now = this.clock.now();
    const due = await this.dataSource.query<{ person_id: string }[]>(
      `SELECT person_id FROM push_windows WHERE held <> '{}' AND next_at <= $1 ORDER BY next_at LIMIT $2`,
      [now, BATCH],
    );
    if (due.length === 0) return 0;
    const people = due.map(({ person_id }) => person_id);
    // Before the transaction: nobody waits for Redis with rows locked.
    const connected = await this.connected.of(people);
    return inTransaction(this.dataSource, async (manager) => {
      const ended = await manager.query<EndedWindow[]>(
        `SELECT person_id, program, suppressed, held FROM push_windows
        WHERE person_id = ANY ($1) AND held <> '{}' AND next_at <= $2 FOR UPDATE SKIP LOCKED`,
        [people, now],
      );
      for (const [program, windows] of Map.groupBy(ended, (window) => window.program))
        await this.close(manager, this.programs.get(program), windows, connected);
      return ended.length;
    });
  }

  private async close(
    manager: EntityManager,
    program: Program,
    windows: EndedWindow[],
    connected: ReadonlySet<string>,
  ): Promise<void> {
    const left = new Map(windows.map((window) => [window.person_id, window]));
    const moments = Object.keys(program.notifications) as NotificationMoment[];
    for (const moment of moments.sort((a, b) => importance(b) - importance(a))) {
      const kind = program.notifications[moment];
      if (!kind) continue;
      const pushes = [...left.values()].flatMap(({ person_id, held: { [moment]: held } }) =>
        held && !(kind.onlyAbsent && connected.has(person_id)) ? [{ personId: person_id, held }] : [],
      );
      if (pushes.length === 0) continue;
      const due = (await stillMatters(manager, program, moment, pushes)).map((notification) => ({
        ...notification,
        // It was counted itself when it was held.
        folded: (left.get(notification.personId)?.suppressed ?? 1) - 1,
      }));
      await this.notifications.createOf(manager, kind, due, program);
      await this.windows.reopen(
        manager,
        program,
        due.map(({ personId }) => personId),
      );
      for (const { personId } of due) left.delete(personId);
    }
    await this.windows.drop(manager, program, [...left.keys()]);
  }
}

/** Somebody who waits in a conversation comes before a request, which others hear of as well. */
function importance(moment: NotificationMoment): number {
  if (moment === 'message_to_seeker' || moment === 'message_to_helper') return 2;
  return moment === 'request_invited' ? 0 : 1;
}
