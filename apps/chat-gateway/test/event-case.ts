import type { ErrorCode, Role } from '@kindline/contracts';

export const NOBODY = '00000000-0000-7000-8000-000000000000';
export const UNSTORABLE = ['a\u0000b', 'a\ud800b', '\udc00'];

export type Sender =
  | 'user'
  | 'volunteer'
  | 'stranger'
  | 'otherVolunteer'
  | 'otherAgent'
  | 'facilitator'
  | 'otherFacilitator'
  | 'backend'
  | 'guest';

/** `<chat>`, `<user>` and `<stranger>` stand for the chat's id and people's e-mails. */
export interface EventCase {
  sender: Sender;
  payload: unknown;
  wrongRoles: readonly Role[];
  /** Payloads that do not fit; for objects, wrong types and unknown fields are derived. */
  wrong: readonly unknown[];
  /** Of what is derived: whether this field may be that after all. */
  takes?: (field: string, value: unknown) => boolean;
  /** The event that tells a failure where there is no callback; else it is `error`. */
  failureEvent?: string;
  /** What stands beside a failure of its payload. */
  context?: object;
  /** A socket may say by it who it is. */
  entry?: boolean;
  foreign: readonly { what: string; sender: Sender; payload: unknown; code: ErrorCode }[];
}
