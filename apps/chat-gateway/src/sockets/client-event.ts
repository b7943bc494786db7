import type { Role } from '@kindline/contracts';
import type { z } from 'zod';
import type { PersonSocket } from './connections';

/** One event a client may send: who may, what it carries, what it does. The ack carries what `handle` answers. */
export interface ClientEvent {
  readonly name: string;
  /** Roles that may send it. Whether the ids in it are the sender's own is the handler's to check. */
  readonly roles: readonly Role[];
  readonly payload: z.ZodType;
  /** Where the dialect names its own failure event, that replaces `error`. */
  readonly failureEvent?: string;
  /** The rate limit it counts against. */
  readonly limit: 'messages' | 'events';
  handle(sender: PersonSocket, payload: unknown): Promise<object | void> | object | void;
}

/** Ties a handler's payload to its schema. */
export function clientEvent<Schema extends z.ZodType>(
  event: Omit<ClientEvent, 'payload' | 'handle'> & {
    payload: Schema;
    handle(sender: PersonSocket, payload: z.output<Schema>): Promise<object | void> | object | void;
  },
): ClientEvent {
  return event as ClientEvent;
}

/** A dialect: the events it understands. Nest collects all of them under this token. */
export interface Dialect {
  readonly events: readonly ClientEvent[];
}
export const DIALECTS = Symbol('DIALECTS');
