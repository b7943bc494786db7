import type { ProgramName } from '@kindline/contracts';
import type { NewMessage } from './message-writer';

/** A message as it came from a client. */
export interface IncomingMessage extends NewMessage {
  /** The program whose dialect it came in; its conversation must be of the same. */
  program: ProgramName;
  senderSub: string;
  senderEmail: string | null;
  /** The other side the client named; it must be a member. */
  toEmail?: string | undefined;
  /** The sending socket, which gets the ack instead of the event; over HTTP there is none. */
  socketId?: string | undefined;
}
