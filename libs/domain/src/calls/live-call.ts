import type { CallAudience, ProgramName, SessionDescription, IceCandidate } from '@kindline/contracts';
import type { EntityManager } from 'typeorm';

export type CallSide = 'caller' | 'callee';

/** A socket that may carry a side of a call. */
export interface Carrier {
  socketId: string;
  gatewayId: string;
  connectedAt: Date;
}

/** The offer that rings, or its answer, and the candidates that followed it. */
export interface Described {
  sdp: SessionDescription;
  candidates: IceCandidate[];
}

/** How it is stored: as JSON texts, because jsonb would not keep the order of an object's members. */
export interface StoredDescription {
  sdp: string;
  candidates: string[];
}

/** One side as its record has it; `socket` is null until the side is carried. */
export interface SideState {
  personId: string;
  socket: string | null;
  gateway: string | null;
  /** Only a socket that has connected after this takes over by that alone. */
  carrierSince: Date | null;
  nextSocket: string | null;
  nextGateway: string | null;
  /** Since when its socket is gone. */
  lostAt: Date | null;
}

/** A call that rings or goes on. */
export interface LiveCall {
  id: string;
  conversationId: string;
  number: number;
  program: ProgramName;
  status: 'ringing' | 'active';
  startedAt: Date;
  answeredAt: Date | null;
  ringing: Described | null;
  /** Until the caller's side is known to have heard it. */
  answer: Described | null;
  /** Whose new terms wait for an answer. */
  offeredBy: CallSide | null;
  calleeRole: 'seeker' | 'helper';
  caller: SideState;
  callee: SideState;
}

interface Row {
  id: string;
  conversation_id: string;
  number: number;
  program: ProgramName;
  status: 'ringing' | 'active';
  started_at: Date;
  answered_at: Date | null;
  ringing: StoredDescription | null;
  answer: StoredDescription | null;
  offered_by: CallSide | null;
  callee_role: 'seeker' | 'helper';
  caller_id: string;
  caller_socket: string | null;
  caller_gateway: string | null;
  caller_carrier_since: Date | null;
  caller_next_socket: string | null;
  caller_next_gateway: string | null;
  caller_lost_at: Date | null;
  callee_id: string;
  callee_socket: string | null;
  callee_gateway: string | null;
  callee_carrier_since: Date | null;
  callee_next_socket: string | null;
  callee_next_gateway: string | null;
  callee_lost_at: Date | null;
}

export const otherSide = (side: CallSide): CallSide => (side === 'caller' ? 'callee' : 'caller');

export const sideOf = (call: LiveCall, personId: string): CallSide =>
  call.caller.personId === personId ? 'caller' : 'callee';

/**
 * Locks the conversation, which everything that changes its calls does first, and then, in a fresh snapshot,
 * reads its live call.
 */
export async function lockLiveCall(
  manager: EntityManager,
  conversationId: string,
): Promise<{ ended: boolean; call: LiveCall | undefined }> {
  const [conversation] = await manager.query<{ status: string }[]>(
    `SELECT status FROM conversations WHERE id = $1 FOR NO KEY UPDATE`,
    [conversationId],
  );
  return { ended: conversation?.status !== 'active', call: await liveCall(manager, conversationId) };
}

/** The live call of a conversation that the transaction holds. Uses call_records_live. */
export async function liveCall(
  manager: EntityManager,
  conversationId: string,
): Promise<LiveCall | undefined> {
  const [row] = await manager.query<Row[]>(
    `SELECT r.*, c.program, m.role AS callee_role
    FROM call_records r
    JOIN conversations c ON c.id = r.conversation_id
    JOIN conversation_members m ON m.conversation_id = c.id AND m.person_id = r.callee_id
    WHERE r.conversation_id = $1 AND r.status <> 'ended'`,
    [conversationId],
  );
  return row && toCall(row);
}

/** Where something for this side goes: to the sockets that may carry it, or to all of the person's. */
export function audienceOf({
  personId,
  socket,
  gateway,
  nextSocket,
  nextGateway,
  lostAt,
}: SideState): CallAudience {
  if (socket === null || gateway === null || lostAt) return { personId, only: null, except: [] };
  const only = [{ socketId: socket, gatewayId: gateway }];
  if (nextSocket !== null && nextGateway !== null)
    only.push({ socketId: nextSocket, gatewayId: nextGateway });
  return { personId, only, except: [] };
}

function toCall(row: Row): LiveCall {
  return {
    id: row.id,
    conversationId: row.conversation_id,
    number: row.number,
    program: row.program,
    status: row.status,
    startedAt: row.started_at,
    answeredAt: row.answered_at,
    ringing: row.ringing && toDescribed(row.ringing),
    answer: row.answer && toDescribed(row.answer),
    offeredBy: row.offered_by,
    calleeRole: row.callee_role,
    caller: {
      personId: row.caller_id,
      socket: row.caller_socket,
      gateway: row.caller_gateway,
      carrierSince: row.caller_carrier_since,
      nextSocket: row.caller_next_socket,
      nextGateway: row.caller_next_gateway,
      lostAt: row.caller_lost_at,
    },
    callee: {
      personId: row.callee_id,
      socket: row.callee_socket,
      gateway: row.callee_gateway,
      carrierSince: row.callee_carrier_since,
      nextSocket: row.callee_next_socket,
      nextGateway: row.callee_next_gateway,
      lostAt: row.callee_lost_at,
    },
  };
}

export const toDescribed = ({ sdp, candidates }: StoredDescription): Described => ({
  sdp: JSON.parse(sdp) as SessionDescription,
  candidates: candidates.map((candidate) => JSON.parse(candidate) as IceCandidate),
});
