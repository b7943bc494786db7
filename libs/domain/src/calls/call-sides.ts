import { Inject, Injectable } from '@nestjs/common';
import { KindlineError } from '@kindline/contracts';
import { enqueue, inTransaction, removeJobs } from '@kindline/database';
import { CLOCK, type Clock } from '@kindline/platform';
import { DataSource, type EntityManager } from 'typeorm';
import { Programs } from '../programs/programs';
import { lostTimer, lostTimerKey } from './call-timers';
import {
  type CallSide,
  type Carrier,
  type Described,
  type LiveCall,
  lockLiveCall,
  sideOf,
  type StoredDescription,
  toDescribed,
} from './live-call';

/** How long an answer is kept for a caller who may not have heard it. */
const ANSWER_KEPT_MS = 60_000;

/** What somebody may not have heard: the offer that rings for them, or the answer they wait for. */
export interface KeptSignals extends Described {
  event: 'call:offer' | 'call:answer';
  conversationId: string;
  number: number;
}

/** A side that this gateway carries, as it is on record. */
export interface CarriedSide {
  conversationId: string;
  personId: string;
  socketId: string;
  lost: boolean;
}

type Matches = (socketId: string | null, gatewayId: string | null) => boolean;

const SIDES: readonly CallSide[] = ['caller', 'callee'];

/** Which sockets carry the sides of live calls, as sockets and gateways come and go. */
@Injectable()
export class CallSides {
  constructor(
    private readonly dataSource: DataSource,
    private readonly programs: Programs,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * A socket has come. It carries on a side whose socket is gone, else it may do so later.
   * @returns whether its person is in a call, and what they may not have heard of it
   */
  async arrived(personId: string, carrier: Carrier): Promise<{ kept?: KeptSignals } | undefined> {
    const conversationId = await this.conversationOf(personId);
    if (conversationId === undefined) return undefined;
    return inTransaction(this.dataSource, async (manager) => {
      const { call } = await lockLiveCall(manager, conversationId);
      if (!call) return undefined;
      const side = sideOf(call, personId);
      const { socket, lostAt } = call[side];
      if (call.ringing && side === 'callee') {
        return { kept: { event: 'call:offer', conversationId, number: call.number, ...call.ringing } };
      }
      if (lostAt) await carry(manager, call, side, carrier);
      else if (socket !== carrier.socketId) {
        await manager.query(
          `UPDATE call_records SET ${side}_next_socket = $2, ${side}_next_gateway = $3 WHERE id = $1`,
          [call.id, carrier.socketId, carrier.gatewayId],
        );
      }
      if (!call.answer || side === 'callee') return {};
      return { kept: { event: 'call:answer', conversationId, number: call.number, ...call.answer } };
    });
  }

  /** A socket has gone: another one carries its side on, or the side is lost from now on. */
  async left(personId: string, socketId: string): Promise<void> {
    const conversationId = await this.conversationOf(personId);
    if (conversationId === undefined) return;
    await this.gone(conversationId, (socket) => socket === socketId, this.clock.now());
  }

  /** All sockets of a gateway have gone. Repeating it does no harm. @param at when it was last known to live */
  async gatewayLost(gatewayId: string, at = this.clock.now()): Promise<void> {
    const rows = await this.dataSource.query<{ conversation_id: string }[]>(
      `SELECT conversation_id FROM call_records
      WHERE status <> 'ended' AND $1 IN (caller_gateway, callee_gateway, caller_next_gateway, callee_next_gateway)`,
      [gatewayId],
    );
    for (const { conversation_id } of rows) {
      await this.gone(conversation_id, (_, gateway) => gateway === gatewayId, at);
    }
  }

  /** The sides that this gateway carries, or has carried last. */
  async of(gatewayId: string): Promise<CarriedSide[]> {
    return this.dataSource.query<CarriedSide[]>(
      `SELECT r.conversation_id AS "conversationId", s.person_id AS "personId", s.socket AS "socketId",
        s.lost_at IS NOT NULL AS lost
      FROM call_records r
      CROSS JOIN LATERAL (VALUES (caller_id, caller_socket, caller_gateway, caller_lost_at),
        (callee_id, callee_socket, callee_gateway, callee_lost_at)) AS s (person_id, socket, gateway, lost_at)
      WHERE r.status <> 'ended' AND s.gateway = $1`,
      [gatewayId],
    );
  }

  /** Answers that callers whom this gateway carries may not have heard. Drops those it is too late for. */
  async unheardAnswers(
    gatewayId: string,
  ): Promise<(KeptSignals & Pick<CarriedSide, 'personId' | 'socketId'>)[]> {
    await this.dataSource.query(
      `UPDATE call_records SET answer = NULL WHERE id IN (
        SELECT id FROM call_records WHERE status <> 'ended' AND answer IS NOT NULL AND answered_at < $1
        FOR UPDATE SKIP LOCKED)`,
      [new Date(this.clock.now().getTime() - ANSWER_KEPT_MS)],
    );
    const rows = await this.dataSource.query<
      {
        conversationId: string;
        number: number;
        personId: string;
        socketId: string;
        answer: StoredDescription;
      }[]
    >(
      `SELECT conversation_id AS "conversationId", number, caller_id AS "personId", caller_socket AS "socketId", answer
      FROM call_records
      WHERE status <> 'ended' AND answer IS NOT NULL AND caller_gateway = $1 AND caller_lost_at IS NULL`,
      [gatewayId],
    );
    return rows.map(({ answer, ...row }) => ({ ...row, event: 'call:answer', ...toDescribed(answer) }));
  }

  /** All gateways that carry a side. */
  async gateways(): Promise<string[]> {
    const rows = await this.dataSource.query<{ gateway: string }[]>(
      `SELECT DISTINCT s.gateway FROM call_records r
      CROSS JOIN LATERAL (VALUES (caller_gateway, caller_lost_at), (callee_gateway, callee_lost_at)) AS s (gateway, lost_at)
      WHERE r.status <> 'ended' AND s.gateway IS NOT NULL AND s.lost_at IS NULL`,
    );
    return rows.map(({ gateway }) => gateway);
  }

  /** Uses call_records_live_caller and call_records_live_callee. */
  private async conversationOf(personId: string): Promise<string | undefined> {
    const [row] = await this.dataSource.query<{ conversation_id: string }[]>(
      `SELECT conversation_id FROM call_records WHERE status <> 'ended' AND (caller_id = $1 OR callee_id = $1)`,
      [personId],
    );
    return row?.conversation_id;
  }

  private async gone(conversationId: string, isGone: Matches, at: Date): Promise<void> {
    await inTransaction(this.dataSource, async (manager) => {
      const { call } = await lockLiveCall(manager, conversationId);
      if (!call) return;
      for (const side of SIDES) await this.sideGone(manager, call, side, isGone, at);
    });
  }

  private async sideGone(
    manager: EntityManager,
    call: LiveCall,
    side: CallSide,
    isGone: Matches,
    at: Date,
  ): Promise<void> {
    const { socket, gateway, nextSocket, nextGateway, lostAt } = call[side];
    const nextGone = isGone(nextSocket, nextGateway);
    if (nextGone) {
      await manager.query(
        `UPDATE call_records SET ${side}_next_socket = NULL, ${side}_next_gateway = NULL WHERE id = $1`,
        [call.id],
      );
    }
    if (lostAt || !isGone(socket, gateway)) return;
    if (nextSocket !== null && nextGateway !== null && !nextGone) {
      await carry(manager, call, side, {
        socketId: nextSocket,
        gatewayId: nextGateway,
        connectedAt: this.clock.now(),
      });
      return;
    }
    const lostAfter = this.programs.get(call.program).calls?.lostAfter ?? 0;
    await manager.query(`UPDATE call_records SET ${side}_lost_at = $2 WHERE id = $1`, [call.id, at]);
    await enqueue(manager, lostTimer(call.id, side, at, new Date(at.getTime() + lostAfter)));
  }
}

/**
 * Lets a signal through: its socket carries the side, or takes it over because the one that did is gone, or
 * because it is the one that came last or has connected since (a phone that changed networks: its old socket
 * looks alive for up to 45 s).
 * @param onlyIfLost it is no reason that it came last
 * @throws answered_elsewhere
 */
export async function takeOver(
  manager: EntityManager,
  call: LiveCall,
  side: CallSide,
  carrier: Carrier,
  { onlyIfLost = false } = {},
): Promise<void> {
  const { socket, nextSocket, carrierSince, lostAt } = call[side];
  if (socket === carrier.socketId && !lostAt) return;
  const isNewer = carrier.connectedAt > (carrierSince ?? call.answeredAt ?? call.startedAt);
  const mayTakeOver = !onlyIfLost && (nextSocket === carrier.socketId || isNewer);
  if (socket !== null && !lostAt && !mayTakeOver) throw new KindlineError('answered_elsewhere');
  await carry(manager, call, side, carrier);
}

async function carry(
  manager: EntityManager,
  call: LiveCall,
  side: CallSide,
  { socketId, gatewayId, connectedAt }: Carrier,
): Promise<void> {
  await manager.query(
    `UPDATE call_records SET ${side}_socket = $2, ${side}_gateway = $3, ${side}_lost_at = NULL,
      ${side}_carrier_since = greatest(${side}_carrier_since, $4), ${side}_next_socket = NULL, ${side}_next_gateway = NULL
    WHERE id = $1`,
    [call.id, socketId, gatewayId, connectedAt],
  );
  if (call[side].lostAt) await removeJobs(manager, 'timers', [lostTimerKey(call.id, side)]);
  Object.assign(call[side], {
    socket: socketId,
    gateway: gatewayId,
    lostAt: null,
    nextSocket: null,
    nextGateway: null,
  });
}
