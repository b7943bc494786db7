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
import { CallEndings, missedKey, storeQuality } from './call-endings';
import { endTimer, ringTimer, ringTimerKey } from './call-timers';
import { takeOver } from './call-sides';
import {
  audienceOf,
  type CallSide,
  type Carrier,
  type Described,
  type LiveCall,
  lockLiveCall,
  otherSide,
  sideOf,
  type StoredDescription,
} from './live-call';

/** Candidates kept for somebody who connects late. */
const MOST_CANDIDATES = 64;

/** Least distance of what a busy callee is told of one caller's attempts. */
const BUSY_TOLD_EVERY_MS = 60_000;

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
      if (call.status === 'active') {
        await this.heardFrom(manager, call, side, sender.carrier, { offeredBy: side });
        return { number: call.number, to: audienceOf(call[otherSide(side)]) };
      }
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
  async answer(sender: Sender, sdp: SessionDescription): Promise<Relayed> {
    return this.inCall(sender, async (manager, call, side) => {
      // A repeat tells the callee's other devices again: the first one's news may have been lost.
      const begins = side === 'callee' && (call.status === 'ringing' || isRepeated(call.answer, sdp));
      if (call.status === 'active') {
        // Without new terms to answer it comes from a device that still rings: it must not break the call.
        const asked = side === 'caller' || call.offeredBy === 'caller' || isRepeated(call.answer, sdp);
        const offeredBy = call.offeredBy === side ? side : null;
        await this.heardFrom(manager, call, side, sender.carrier, { offeredBy, onlyIfLost: !asked });
      } else {
        if (side === 'caller') throw new KindlineError('conflict', 'The other side has not answered');
        await this.begin(manager, call, sender.carrier, sdp);
      }
      const relayed = { number: call.number, to: audienceOf(call[otherSide(side)]) };
      return begins ? { ...relayed, answeredElsewhere: others(call) } : relayed;
    });
  }

  /** A candidate for the other side. @throws not_found, forbidden, conversation_ended, answered_elsewhere */
  async candidate(sender: Sender, candidate: IceCandidate): Promise<Relayed> {
    return this.inCall(sender, async (manager, call, side) => {
      const relayed = (): Relayed => ({ number: call.number, to: audienceOf(call[otherSide(side)]) });
      // A callee's device may send its candidates just before its answer.
      if (call.status === 'ringing' && side === 'callee') return relayed();
      if (call.status === 'active') await this.heardFrom(manager, call, side, sender.carrier);
      else await takeOver(manager, call, side, sender.carrier);
      if (call.status === 'ringing') await keepCandidate(manager, call.id, 'ringing', candidate);
      else if (call.answer) await keepCandidate(manager, call.id, 'answer', candidate);
      return relayed();
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
    const others = await manager.query<{ caller: string; callee: string }[]>(
      `SELECT caller_id AS caller, callee_id AS callee FROM call_records
      WHERE status <> 'ended' AND (caller_id = ANY ($1) OR callee_id = ANY ($1))`,
      [[personId, peer.id]],
    );
    const isBusy = (id: string): boolean =>
      others.some(({ caller, callee }) => id === caller || id === callee);
    const other = others.length > 0;
    const now = this.clock.now();
    const callId = uuidV7(now.getTime());
    const [{ number } = { number: 0 }] = await manager.query<{ number: number }[]>(
      `INSERT INTO call_records (id, conversation_id, number, caller_id, callee_id, status, started_at, ended_at,
        end_reason, caller_socket, caller_gateway, caller_carrier_since, ringing)
      SELECT $1, $2, coalesce(max(number), 0) + 1, $3, $4, $5, $6, $7, $8, $9, $10, $6, $11
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
        other ? null : stored(sdp),
      ],
    );
    if (other) {
      // Who calls during a call of their own was not missed.
      if (!isBusy(personId)) await this.missedBusy(manager, program, callId, peer);
      return 'busy';
    }
    await this.notifications.create(manager, program, `call_to_${peer.role}`, [
      { personId: peer.id, conversationId, senderId: personId, dedupeKey: `call:${callId}` },
    ]);
    await enqueue(manager, ringTimer(callId, new Date(now.getTime() + (program.calls?.ringFor ?? 0))));
    return { number, to: { personId: peer.id, only: null, except: [] } };
  }

  /** Tells a callee who was in another call; once a minute at most for a caller who keeps trying. */
  private async missedBusy(
    manager: EntityManager,
    program: Program,
    callId: string,
    peer: { id: string; role: 'seeker' | 'helper' },
  ): Promise<void> {
    const since = new Date(this.clock.now().getTime() - BUSY_TOLD_EVERY_MS);
    const [call] = await manager.query<{ conversation_id: string; caller_id: string; told: boolean }[]>(
      `SELECT conversation_id, caller_id, EXISTS (
        SELECT FROM call_records b JOIN notifications n ON n.dedupe_key = 'call:' || b.id || ':missed'
        WHERE b.conversation_id = r.conversation_id AND b.caller_id = r.caller_id AND b.end_reason = 'busy'
          AND b.started_at > $2
      ) AS told
      FROM call_records r WHERE id = $1`,
      [callId, since],
    );
    if (!call || call.told) return;
    await this.notifications.create(manager, program, `call_missed_by_${peer.role}`, [
      {
        personId: peer.id,
        conversationId: call.conversation_id,
        senderId: call.caller_id,
        dedupeKey: missedKey(callId),
      },
    ]);
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

  private async begin(
    manager: EntityManager,
    call: LiveCall,
    { socketId, gatewayId }: Carrier,
    sdp: SessionDescription,
  ): Promise<void> {
    const now = this.clock.now();
    await manager.query(
      `UPDATE call_records SET status = 'active', answered_at = greatest($2, started_at), ringing = NULL, answer = $5,
        callee_socket = $3, callee_gateway = $4, callee_carrier_since = greatest($2, started_at), version = version + 1
      WHERE id = $1`,
      [call.id, now, socketId, gatewayId, stored(sdp)],
    );
    await removeJobs(manager, 'timers', [ringTimerKey(call.id)]);
    const endAfter = this.programs.get(call.program).calls?.endAfter ?? 0;
    await enqueue(manager, endTimer(call.id, new Date(now.getTime() + endAfter)));
    Object.assign(call.callee, { socket: socketId, gateway: gatewayId });
  }

  /** A signal of an answered call: by its first one the caller's side shows that it has heard the answer. */
  private async heardFrom(
    manager: EntityManager,
    call: LiveCall,
    side: CallSide,
    carrier: Carrier,
    {
      offeredBy = call.offeredBy,
      onlyIfLost = false,
    }: { offeredBy?: CallSide | null; onlyIfLost?: boolean } = {},
  ): Promise<void> {
    await takeOver(manager, call, side, carrier, { onlyIfLost });
    const answer = side === 'caller' ? null : call.answer;
    if (answer === call.answer && offeredBy === call.offeredBy) return;
    await manager.query(
      `UPDATE call_records SET offered_by = $2, answer = CASE WHEN $3 THEN answer END WHERE id = $1`,
      [call.id, offeredBy, answer !== null],
    );
    Object.assign(call, { answer, offeredBy });
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

const stored = (sdp: SessionDescription): string =>
  JSON.stringify({ sdp: JSON.stringify(sdp), candidates: [] } satisfies StoredDescription);

const isRepeated = (answer: Described | null, sdp: SessionDescription): boolean =>
  answer !== null && JSON.stringify(answer.sdp) === JSON.stringify(sdp);

async function keepCandidate(
  manager: EntityManager,
  callId: string,
  of: 'ringing' | 'answer',
  candidate: IceCandidate,
): Promise<void> {
  await manager.query(
    `UPDATE call_records SET ${of} = jsonb_insert(${of}, '{candidates,-1}', to_jsonb($2::text), true)
    WHERE id = $1 AND jsonb_array_length(${of} -> 'candidates') < $3`,
    [callId, JSON.stringify(candidate), MOST_CANDIDATES],
  );
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
