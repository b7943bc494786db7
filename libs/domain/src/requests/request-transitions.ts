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
