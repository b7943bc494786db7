import { Injectable } from '@nestjs/common';
import { inTransaction } from '@kindline/database';
import { DataSource, type EntityManager } from 'typeorm';
import { CallEndings } from './call-endings';
import { type CallSide, type LiveCall, lockLiveCall } from './live-call';

/** What the timers of a call do when they are due. Each is fenced by the state it finds. */
@Injectable()
export class CallTimerTasks {
  constructor(
    private readonly dataSource: DataSource,
    private readonly endings: CallEndings,
  ) {}

  /** Nobody has answered. */
  async ring(callId: string): Promise<void> {
    await this.within(callId, async (manager, call) => {
      if (call.status === 'ringing') await this.endings.end(manager, call, { reason: 'missed' });
    });
  }

  /** It has lasted as long as a call may. */
  async end(callId: string): Promise<void> {
    await this.within(callId, async (manager, call) => {
      if (call.status === 'active') await this.endings.end(manager, call, { reason: 'too_long' });
    });
  }

  /** A side that was lost at `lostAt` has not come back. */
  async lost(callId: string, side: CallSide, lostAt: Date): Promise<void> {
    await this.within(callId, async (manager, call) => {
      if (call[side].lostAt?.getTime() !== lostAt.getTime()) return;
      await this.endings.end(manager, call, { reason: 'lost' });
    });
  }

  private async within(
    callId: string,
    work: (manager: EntityManager, call: LiveCall) => Promise<void>,
  ): Promise<void> {
    const [record] = await this.dataSource.query<{ conversation_id: string }[]>(
      `SELECT conversation_id FROM call_records WHERE id = $1 AND status <> 'ended'`,
      [callId],
    );
    if (!record) return;
    await inTransaction(this.dataSource, async (manager) => {
      const { call } = await lockLiveCall(manager, record.conversation_id);
      if (call?.id === callId) await work(manager, call);
    });
  }
}
