import { KindlineError } from '@kindline/contracts';

export type RequestStatus = 'pending' | 'accepted' | 'cancelled' | 'expired';

/** Every legal move of a help request. */
const MOVES: Record<RequestStatus, readonly RequestStatus[]> = {
  pending: ['accepted', 'cancelled', 'expired'],
  accepted: [],
  cancelled: [],
  expired: [],
};

/** The states from which `to` may be reached: what a guarded UPDATE expects. */
export function requestStatesBefore(to: RequestStatus): RequestStatus[] {
  return (Object.keys(MOVES) as RequestStatus[]).filter((from) => MOVES[from].includes(to));
}

/** @throws request_not_pending when the move is not in the table. */
export function assertRequestMove(from: RequestStatus, to: RequestStatus): void {
  if (!MOVES[from].includes(to)) throw new KindlineError('request_not_pending', `The request is ${from}`);
}
