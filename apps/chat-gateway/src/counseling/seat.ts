import type { ChatPermission, ChatRole } from '@kindline/contracts';
import type { Side } from '@kindline/domain';
import type { ClientSocket } from '../sockets/connections';

/** The domain's words for the sides, and this dialect's. */
export const SIDE_OF: Readonly<Record<ChatRole, Side>> = { student: 'seeker', counselor: 'helper' };
export const ROLE_OF: Readonly<Record<Side, ChatRole>> = { seeker: 'student', helper: 'counselor' };
/** Who ended a session. */
export const ENDED_BY = { ...ROLE_OF, system: 'system' } as const;

/** A socket in one session, under an anonymous id. Nothing here names an account. */
export interface SeatSocket extends ClientSocket {
  readonly sessionId: string;
  readonly side: Side;
  readonly anonymousId: string;
  readonly permissions: readonly ChatPermission[];
  /** When its chat token expires, in seconds since 1970. */
  readonly expiresAt: number;
  /** The session's version in which it joined. */
  readonly version: number;
}
