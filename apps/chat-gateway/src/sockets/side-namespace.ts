import type { Namespace, Socket } from 'socket.io';

/** A namespace beside the default one, with sockets of its own. */
export interface SideNamespace {
  readonly name: string;
  /** Takes sockets from here on. */
  open(namespace: Namespace): void;
  /** From now on we hang up: those who leave come back elsewhere. */
  drain(): void;
  /** Lets go those whose tokens have expired by now, in ms since 1970. */
  dropExpired(now: number): void;
  /** Whether a connection carries one of its sockets. */
  uses(connection: Socket['conn']): boolean;
  /** Resolves when what its sockets have left behind is done. */
  settled(): Promise<void>;
}
export const SIDE_NAMESPACES = Symbol('SIDE_NAMESPACES');

/** Ends a socket of the default namespace, and its connection unless that carries others, with tokens of their own. */
export function hangUp(socket: Socket, beside: readonly SideNamespace[]): void {
  socket.disconnect(!beside.some((namespace) => namespace.uses(socket.conn)));
}
