import { type Role, SEEKER_ROLES } from '@kindline/contracts';
import type { Carrier } from '@kindline/domain';
import type { PersonSocket } from '../sockets/connections';

/** Who may take part in calls, as far as roles decide it. */
export const CALLING_ROLES: readonly Role[] = [...SEEKER_ROLES, 'volunteer'];

export function carrierOf({ id, socket }: PersonSocket, gatewayId: string): Carrier {
  return { socketId: id, gatewayId, connectedAt: new Date(socket.handshake.issued) };
}
