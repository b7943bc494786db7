import { Inject, Injectable } from '@nestjs/common';
import {
  type CallAudience,
  type CallQuality,
  type IceCandidate,
  KindlineError,
  type SessionDescription,
} from '@kindline/contracts';
import { enqueue, inTransaction, removeJobs, uuidV7 } from '@kindline/database';
import { CLOCK, type Clock } from '@kindline/platform';
import { DataSource, type EntityManager } from 'typeorm';
import { Conversations } from '../conversations/conversations';
import { Notifications } from '../notifications/notifications';
import type { Program } from '../programs/program';
import { Programs } from '../programs/programs';
import { CallEndings, storeQuality } from './call-endings';
import { ringTimer, ringTimerKey } from './call-timers';
import { takeOver } from './call-sides';
import {
  audienceOf,
  type CallSide,
  type Carrier,
  type LiveCall,
  lockLiveCall,
  otherSide,
  sideOf,
  type StoredRinging,
} from './live-call';

/** Candidates kept of a ringing call for a callee who connects late. */
const MOST_CANDIDATES = 64;

/** Whom a signal goes to, and whose devices stop ringing for it. */
export interface Relayed {
  number: number;
  to: CallAudience;
  answeredElsewhere?: CallAudience;
}

interface Sender {
  conversationId: string;
  personId: string;
  carrier: Carrier;
}

/** What people do to calls. Every change holds the conversation's row, so a call has one state at a time. */
@Injectable()
export class Calls {
  constructor(
    private readonly dataSource: DataSource,
    private readonly programs: Programs,
    private readonly conversations: Conversations,
    private readonly notifications: Notifications,
    private readonly endings: CallEndings,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Calls the other side; in a call: offers new terms to the peer.
   * @returns 'busy' when one of them is in another call: that is on record, and nobody rings
   * @throws not_found, forbidden, conversation_ended, conflict (no calls here, or the other side is calling),
   * answered_elsewhere
   */
  async offer(sender: Sender, sdp: SessionDescription): Promise<Relayed | 'busy'> {
    const { program: name } = await this.conversations.requireMember(sender.conversationId, sender.personId);
    const program = this.programs.get(name);
    if (!program.calls) throw new KindlineError('conflict', 'There are no calls in this conversation');
    return inTransaction(this.dataSource, async (manager) => {
      const { ended, call } = await lockLiveCall(manager, sender.conversationId);
      if (ended) throw new KindlineError('conversation_ended');
      if (!call) return this.ring(manager, program, sender, sdp);
      const side = sideOf(call, sender.personId);
      if (call.status === 'active') return this.toPeer(manager, call, side, sender.carrier);
      if (side === 'callee') throw new KindlineError('conflict', 'The other side is calling: answer');
      await takeOver(manager, call, side, sender.carrier);
      // A retry keeps the candidates that followed; another offer begins anew.
      await manager.query(
        `UPDATE call_records SET version = version + 1, ringing = CASE WHEN ringing ->> 'sdp' = $2 THEN ringing
          ELSE jsonb_build_object('sdp', $2::text, 'candidates', '[]'::jsonb) END
        WHERE id = $1`,
        [call.id, JSON.stringify(sdp)],
      );
      return { number: call.number, to: audienceOf(call.callee) };
    });
  }

  /**
   * Answers the call; of many who answer at once exactly one wins. In a call: answers new terms.
   * @throws not_found (nobody calls), forbidden, conversation_ended, conflict (the caller's own call),
   * answered_elsewhere
   */
  async answer(sender: Sender): Promise<Relayed> {
    return this.inCall(sender, async (manager, call, side) => {
      if (call.status === 'ringing') {
        if (side === 'caller') throw new KindlineError('conflict', 'The other side has not answered');
        const { socketId, gatewayId } = sender.carrier;
        await manager.query(
          `UPDATE call_records SET status = 'active', answered_at = greatest($2, started_at), ringing = NULL,
            callee_socket = $3, callee_gateway = $4, version = version + 1
          WHERE id = $1`,
          [call.id, this.clock.now(), socketId, gatewayId],
        );
        await removeJobs(manager, 'timers', [ringTimerKey(call.id)]);
        Object.assign(call.callee, { socket: socketId, gateway: gatewayId });
      }
      const relayed =
        call.status === 'ringing'
          ? { number: call.number, to: audienceOf(call.caller) }
          : await this.toPeer(manager, call, side, sender.carrier);
      // A repeat as well: the first one's news may have been lost.
      return side === 'callee' ? { ...relayed, answeredElsewhere: others(call) } : relayed;
    });
  }

  /** A candidate for the other side. @throws not_found, forbidden, conversation_ended, answered_elsewhere */
  async candidate(sender: Sender, candidate: IceCandidate): Promise<Relayed> {
    return this.inCall(sender, async (manager, call, side) => {
      // A callee's device may send its candidates just before its answer.
      if (call.status === 'ringing' && side === 'callee')
        return { number: call.number, to: audienceOf(call.caller) };
      if (call.status === 'active') return this.toPeer(manager, call, side, sender.carrier);
      await takeOver(manager, call, side, sender.carrier);
      await manager.query(
        `UPDATE call_records SET ringing = jsonb_insert(ringing, '{candidates,-1}', to_jsonb($2::text), true)
        WHERE id = $1 AND jsonb_array_length(ringing -> 'candidates') < $3`,
        [call.id, JSON.stringify(candidate), MOST_CANDIDATES],
      );
      return { number: call.number, to: audienceOf(call.callee) };
    });
  }

  /**
   * Hangs up, declines or cancels. Where the newest call has ended already, only what this side reports of
   * it is kept.
   * @returns the id of the call that ended by this
   * @throws not_found (there was no call), forbidden, answered_elsewhere
   */
  async end(sender: Sender, quality?: CallQuality): Promise<string | undefined> {
    const { conversationId, personId, carrier } = sender;
    await this.conversations.requireMember(conversationId, personId);
    return inTransaction(this.dataSource, async (manager) => {
      const { call } = await lockLiveCall(manager, conversationId);
      if (!call) return this.reported(manager, conversationId, personId, quality);
      const side = sideOf(call, personId);
      const declines = call.status === 'ringing' && side === 'callee';
      if (!declines) await takeOver(manager, call, side, carrier);
      const reason = declines ? 'declined' : call.status === 'ringing' ? 'cancelled' : 'ended';
      await this.endings.end(manager, call, { reason, by: { personId, side, quality, ...carrier } });
      return call.id;
    });
  }

  private async ring(
    manager: EntityManager,
    program: Program,
    { conversationId, personId, carrier }: Sender,
    sdp: SessionDescription,
  ): Promise<Relayed | 'busy'> {
    const peer = await peerOf(manager, conversationId, personId);
    // In the order of their ids, so that two callers never both ring one person.
    await manager.query(`SELECT FROM people WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE`, [
      [personId, peer.id],
    ]);
    const [other] = await manager.query<object[]>(
      `SELECT FROM call_records
      WHERE status <> 'ended' AND (caller_id = ANY ($1) OR callee_id = ANY ($1)) LIMIT 1`,
      [[personId, peer.id]],
    );
    const now = this.clock.now();
    const callId = uuidV7(now.getTime());
    const [{ number } = { number: 0 }] = await manager.query<{ number: number }[]>(
      `INSERT INTO call_records (id, conversation_id, number, caller_id, callee_id, status, started_at, ended_at,
        end_reason, caller_socket, caller_gateway, ringing)
      SELECT $1, $2, coalesce(max(number), 0) + 1, $3, $4, $5, $6, $7, $8, $9, $10, $11
      FROM call_records WHERE conversation_id = $2
      RETURNING number`,
      [
        callId,
        conversationId,
        personId,
        peer.id,
        other ? 'ended' : 'ringing',
        now,
        other ? now : null,
        other ? 'busy' : null,
        carrier.socketId,
        carrier.gatewayId,
        other ? null : JSON.stringify({ sdp: JSON.stringify(sdp), candidates: [] } satisfies StoredRinging),
      ],
    );
    if (other) return 'busy';
    await this.notifications.create(manager, program, `call_to_${peer.role}`, [
      { personId: peer.id, conversationId, senderId: personId, dedupeKey: `call:${callId}` },
    ]);
    await enqueue(manager, ringTimer(callId, new Date(now.getTime() + (program.calls?.ringFor ?? 0))));
    return { number, to: { personId: peer.id, only: null, except: [] } };
  }

  private async inCall(
    { conversationId, personId }: Sender,
    work: (manager: EntityManager, call: LiveCall, side: CallSide) => Promise<Relayed>,
  ): Promise<Relayed> {
    await this.conversations.requireMember(conversationId, personId);
    return inTransaction(this.dataSource, async (manager) => {
      const { ended, call } = await lockLiveCall(manager, conversationId);
      if (ended) throw new KindlineError('conversation_ended');
      if (!call) throw new KindlineError('not_found', 'There is no call');
      return work(manager, call, sideOf(call, personId));
    });
  }

  private async toPeer(
    manager: EntityManager,
    call: LiveCall,
    side: CallSide,
    carrier: Carrier,
  ): Promise<Relayed> {
    await takeOver(manager, call, side, carrier);
    return { number: call.number, to: audienceOf(call[otherSide(side)]) };
  }

  /** The newest call has ended; both sides report of it. */
  private async reported(
    manager: EntityManager,
    conversationId: string,
    personId: string,
    quality: CallQuality | undefined,
  ): Promise<undefined> {
    const [newest] = await manager.query<{ id: string; side: CallSide }[]>(
      `SELECT id, CASE WHEN caller_id = $2 THEN 'caller' ELSE 'callee' END AS side FROM call_records
      WHERE conversation_id = $1 ORDER BY number DESC LIMIT 1`,
      [conversationId, personId],
    );
    if (!newest) throw new KindlineError('not_found', 'There is no call');
    if (quality) await storeQuality(manager, newest.id, newest.side, quality);
  }
}

/** The callee's devices that do not carry the call. */
function others({ callee }: LiveCall): CallAudience {
  const carriers = audienceOf(callee).only ?? [];
  return { personId: callee.personId, only: null, except: carriers.map(({ socketId }) => socketId) };
}

async function peerOf(
  manager: EntityManager,
  conversationId: string,
  personId: string,
): Promise<{ id: string; role: 'seeker' | 'helper' }> {
  const [peer] = await manager.query<{ id: string; role: 'seeker' | 'helper' }[]>(
    `SELECT person_id AS id, role FROM conversation_members
    WHERE conversation_id = $1 AND person_id <> $2 AND open LIMIT 1`,
    [conversationId, personId],
  );
  if (!peer) throw new KindlineError('conflict', 'There is nobody to call');
  return peer;
}
