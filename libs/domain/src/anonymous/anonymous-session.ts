import { KindlineError, type ProgramName } from '@kindline/contracts';
import type { Program } from '../programs/program';
import type { Side } from './session-lines';

/** Who asked for a session and who has it: what Postgres knows of it. */
export interface AnonymousSession {
  id: string;
  program: ProgramName;
  seeker_id: string;
  helper_id: string | null;
  status: 'queued' | 'active' | 'ended';
  version: number;
  created_at: Date;
  ended_by: Side | 'system' | null;
  /** Its place in the queue, from 1; null when it does not wait. */
  position: number | null;
}

/** A session, its two people, and the version in which it is theirs. */
export interface GivenSession {
  sessionId: string;
  version: number;
  program: ProgramName;
  seekerId: string;
  helperId: string;
}

/** How soon after a change Redis should have it; then it is looked whether it has. */
export const CARRIED_WITHIN_MS = 2_000;

/** What `anonymous` programs need; others have no such sessions. @throws not_found */
export function anonymousOf(program: Program): NonNullable<Program['anonymous']> {
  if (!program.anonymous) throw new KindlineError('not_found', 'This program has no anonymous sessions');
  return program.anonymous;
}

/** Which side of a session a person is, if they have one. */
export function seatOf(session: AnonymousSession, personId: string): Side | undefined {
  if (session.seeker_id === personId) return 'seeker';
  return session.helper_id === personId ? 'helper' : undefined;
}

/** Also told to those whose session has been forgotten: nobody knows any more whose it was. */
export const unknownSession = (): KindlineError =>
  new KindlineError('not_found', 'Invalid session', { extra: { session_code: 4001 } });
