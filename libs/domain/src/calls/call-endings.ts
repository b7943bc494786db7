import { Inject, Injectable } from '@nestjs/common';
import type { CallEndReason, CallQuality } from '@kindline/contracts';
import { enqueue, removeJobs } from '@kindline/database';
import { CLOCK, type Clock } from '@kindline/platform';
import type { EntityManager } from 'typeorm';
import { announce } from '../announcements/announcement';
import { Notifications } from '../notifications/notifications';
import { Programs } from '../programs/programs';
import { callTimerKeys } from './call-timers';
import { type CallSide, liveCall, type LiveCall } from './live-call';

export interface CallEnding {
  reason: Exclude<CallEndReason, 'busy'>;
  /** Absent: the system. */
  by?: {
    personId: string;
    side: CallSide;
    socketId: string;
    gatewayId: string;
    quality?: CallQuality | undefined;
  };
}

/** A ringing call that ends so was missed. */
const MISSED: readonly CallEndReason[] = ['cancelled', 'missed', 'lost'];

/** Ends calls, in a transaction that holds their conversation (see lockLiveCall). */
@Injectable()
export class CallEndings {
  constructor(
    private readonly programs: Programs,
    private readonly notifications: Notifications,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Ends a live call: its record, its timers, who missed it, and the announcement. It counts as activity. */
  async end(manager: EntityManager, call: LiveCall, { reason, by }: CallEnding): Promise<void> {
    const now = this.clock.now();
    await manager.query(
      `UPDATE call_records SET status = 'ended', ended_at = greatest($2, started_at, answered_at), end_reason = $3,
        ended_by = $4, ringing = NULL, answer = NULL, version = version + 1
      WHERE id = $1`,
      [call.id, now, reason, by?.personId ?? null],
    );
    if (by?.quality) await storeQuality(manager, call.id, by.side, by.quality);
    // Which of the callee's sockets declined: the others stop ringing.
    if (reason === 'declined' && by) {
      await manager.query(`UPDATE call_records SET callee_socket = $2, callee_gateway = $3 WHERE id = $1`, [
        call.id,
        by.socketId,
        by.gatewayId,
      ]);
    }
    await removeJobs(manager, 'timers', callTimerKeys(call.id));
    await manager.query(
      `UPDATE conversations SET last_activity_at = greatest(last_activity_at, $2) WHERE id = $1`,
      [call.conversationId, now],
    );
    if (call.status === 'ringing' && MISSED.includes(reason)) {
      const notification = {
        personId: call.callee.personId,
        conversationId: call.conversationId,
        senderId: call.caller.personId,
        dedupeKey: missedKey(call.id),
      };
      const program = this.programs.get(call.program);
      await this.notifications.create(manager, program, `call_missed_by_${call.calleeRole}`, [notification]);
    }
    await enqueue(manager, announce({ task: 'call.ended', callId: call.id }));
  }

  /** The live call of a conversation that ends. */
  async endWithConversation(manager: EntityManager, conversationId: string): Promise<void> {
    const call = await liveCall(manager, conversationId);
    if (call) await this.end(manager, call, { reason: 'conversation_ended' });
  }
}

export const missedKey = (callId: string): string => `call:${callId}:missed`;

/** What a side reports of an answered call; its first report counts. */
export async function storeQuality(
  manager: EntityManager,
  callId: string,
  side: CallSide,
  quality: CallQuality,
): Promise<void> {
  await manager.query(
    `UPDATE call_records SET ${side}_quality = $2
    WHERE id = $1 AND answered_at IS NOT NULL AND ${side}_quality IS NULL`,
    [callId, JSON.stringify(quality)],
  );
}
