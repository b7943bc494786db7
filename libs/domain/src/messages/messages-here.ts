import type { NewsMap } from '@kindline/contracts';

export type AppendedConversation = NewsMap['messages.appended.v1']['conversations'][number];

/** The people who are connected to this process, and what they are shown. */
export interface MessagesHere {
  has(personId: string): boolean;
  /** Shows stored messages. @param origins the sending sockets by message id; they get an ack instead */
  show(conversation: AppendedConversation, origins: ReadonlyMap<string, string>): void;
}
export const MESSAGES_HERE = Symbol('MESSAGES_HERE');

/** Nest token: whose batches these are; who hears of them over the transport knows its own by it. */
export const MESSAGE_ORIGIN = Symbol('MESSAGE_ORIGIN');

/** A process to which nobody is connected. */
export const NOBODY_HERE: MessagesHere = {
  has: () => false,
  show: () => undefined,
};
