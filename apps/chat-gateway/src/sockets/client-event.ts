import type { ChatPermission, Role } from '@kindline/contracts';
import type { z } from 'zod';
import type { BackendSocket, ClientSocket, PersonSocket } from './connections';

type Answer = Promise<object | void> | object | void;

/** One event a client may send: who may, what it carries, what it does. The ack carries what `handle` answers. */
export interface ClientEvent {
  readonly name: string;
  /**
   * People with one of these roles, backends, any socket, also one that has not shown a token yet, or those whose
   * chat token allows it. Whether the ids in the payload are the sender's own is the handler's to check.
   */
  readonly from: readonly Role[] | 'backends' | 'anyone' | { permission: ChatPermission };
  readonly payload: z.ZodType;
  /** Where the dialect names its own failure event, that replaces `error`. */
  readonly failureEvent?: string;
  /** What of a payload, however wrong, stands beside the failure. */
  readonly failureContext?: (payload: unknown) => object;
  /** The rate limit it counts against. */
  readonly limit: 'messages' | 'typing' | 'requests' | 'events' | 'bookings';
  /** Neither overtakes what the socket has sent before it nor is overtaken by what it sends afterwards. */
  readonly inTurn?: true;
  handle(sender: ClientSocket, payload: unknown): Answer;
}

type Definition<Schema extends z.ZodType, Sender> = Omit<ClientEvent, 'from' | 'payload' | 'handle'> & {
  payload: Schema;
  handle(sender: Sender, payload: z.output<Schema>): Answer;
};

/** An event of people; ties a handler's payload to its schema, and its sender to the rule. */
export function clientEvent<Schema extends z.ZodType>(
  event: Definition<Schema, PersonSocket> & { roles: readonly Role[] },
): ClientEvent {
  const { roles, ...rest } = event;
  return { ...rest, from: roles } as ClientEvent;
}

/** An event of backends that have shown their token. */
export function backendEvent<Schema extends z.ZodType>(
  event: Definition<Schema, BackendSocket>,
): ClientEvent {
  return { ...event, from: 'backends' } as ClientEvent;
}

/** An event by which a socket says who it is: what it sends right after it, without waiting, counts as theirs. */
export function entryEvent<Schema extends z.ZodType>(event: Definition<Schema, ClientSocket>): ClientEvent {
  return { ...event, from: 'anyone', inTurn: true } as ClientEvent;
}

/** A dialect: the events it understands. Nest collects all of them under this token. */
export interface Dialect {
  readonly events: readonly ClientEvent[];
}
export const DIALECTS = Symbol('DIALECTS');
