import type { AppendedMessage, ProgramName } from '@kindline/contracts';

/** How a program's dialect shows a stored message to its members. */
export interface MessageEmitter {
  readonly event: string;
  /** Whether the sending socket gets it too. */
  readonly toOrigin: boolean;
  /** Members come and go: where it could not be read since when, only what was heard is shown. */
  readonly joinable?: true;
  payload(message: AppendedMessage): object;
}

export type MessageEmitters = Partial<Record<ProgramName, MessageEmitter>>;
export const MESSAGE_EMITTERS = Symbol('MESSAGE_EMITTERS');
