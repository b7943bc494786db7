import { Injectable } from '@nestjs/common';
import type { CallAudience, CallEndReason, CallNewsMap, CallQuality, CallView } from '@kindline/contracts';
import { DataSource } from 'typeorm';

interface Ended {
  conversationId: string;
  number: number;
  reason: CallEndReason;
  endedBy: string | null;
  callerId: string;
  calleeId: string;
  calleeSocket: string | null;
}

interface Row {
  id: string;
  started_at: Date;
  answered_at: Date | null;
  ended_at: Date | null;
  duration_s: number;
  status: CallView['status'];
  reason: CallEndReason | null;
  caller: string;
  callee: string;
  caller_quality: CallQuality | null;
  callee_quality: CallQuality | null;
}

/** What was called: for the people of a conversation, and as news for gateways. */
@Injectable()
export class CallRecords {
  constructor(private readonly dataSource: DataSource) {}

  /** A conversation's calls, oldest first. Uses call_records_number_key. */
  async of(conversationId: string): Promise<CallView[]> {
    const rows = await this.dataSource.query<Row[]>(
      `SELECT r.id, r.started_at, r.answered_at, r.ended_at, r.status, r.end_reason AS reason,
        coalesce(floor(extract(epoch FROM r.ended_at - r.answered_at)), 0)::int AS duration_s,
        a.sub AS caller, b.sub AS callee, r.caller_quality, r.callee_quality
      FROM call_records r JOIN people a ON a.id = r.caller_id JOIN people b ON b.id = r.callee_id
      WHERE r.conversation_id = $1 ORDER BY r.number`,
      [conversationId],
    );
    return rows.map(({ callee, caller_quality, callee_quality, ...row }) => ({
      ...row,
      started_at: row.started_at.toISOString(),
      answered_at: row.answered_at?.toISOString() ?? null,
      ended_at: row.ended_at?.toISOString() ?? null,
      quality: { ...callee_quality, ...caller_quality },
      quality_by: {
        ...(caller_quality && { [row.caller]: caller_quality }),
        ...(callee_quality && { [callee]: callee_quality }),
      },
    }));
  }

  /** How a call ended, and for whom that is news. */
  async ended(callId: string): Promise<CallNewsMap['call.ended.v1'] | undefined> {
    const [news] = await this.read('r.id = $1::uuid', [callId]);
    return news;
  }

  /** The same of those among these that have ended. */
  async endedAmong(
    calls: readonly { conversationId: string; number: number }[],
  ): Promise<CallNewsMap['call.ended.v1'][]> {
    if (calls.length === 0) return [];
    return this.read('(r.conversation_id, r.number) IN (SELECT * FROM unnest($1::uuid[], $2::int[]))', [
      calls.map(({ conversationId }) => conversationId),
      calls.map(({ number }) => number),
    ]);
  }

  private async read(where: string, parameters: unknown[]): Promise<CallNewsMap['call.ended.v1'][]> {
    const rows = await this.dataSource.query<Ended[]>(
      `SELECT conversation_id AS "conversationId", number, end_reason AS reason, ended_by AS "endedBy",
        caller_id AS "callerId", callee_id AS "calleeId", callee_socket AS "calleeSocket"
      FROM call_records r WHERE status = 'ended' AND end_reason <> 'busy' AND ${where}`,
      parameters,
    );
    return rows.map((row) => ({
      conversationId: row.conversationId,
      number: row.number,
      reason: row.reason,
      to: audiences(row),
    }));
  }
}

/** The other side of who ended it; both where the system did. */
function audiences({ endedBy, callerId, calleeId, calleeSocket }: Ended): CallAudience[] {
  // All of the callee's devices rang, and one may not have heard that another answered; whose end it is knows.
  const except = endedBy === calleeId && calleeSocket !== null ? [calleeSocket] : [];
  const toCallee: CallAudience = { personId: calleeId, only: null, except };
  return endedBy === callerId ? [toCallee] : [{ personId: callerId, only: null, except: [] }, toCallee];
}
