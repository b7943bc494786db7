import { Injectable } from '@nestjs/common';
import type { ProgramName, SessionChanged } from '@kindline/contracts';
import type { JobPayload } from '@kindline/database';
import { DataSource } from 'typeorm';
import { Programs } from '../programs/programs';
import { newAnonymousId } from './anonymous-id';
import { type AnonymousSession, anonymousOf } from './anonymous-session';
import { ForgottenSessions } from './forgotten-sessions';
import { SessionStore } from './session-store';

type State = Pick<
  AnonymousSession,
  'id' | 'program' | 'seeker_id' | 'helper_id' | 'status' | 'version' | 'ended_by'
>;

/** Carries what was decided about a session to Redis, and says what gateways are to be told. */
@Injectable()
export class SessionAnnouncements {
  constructor(
    private readonly dataSource: DataSource,
    private readonly store: SessionStore,
    private readonly forgottenSessions: ForgottenSessions,
    private readonly programs: Programs,
  ) {}

  /**
   * Brings Redis to the state that Postgres has now; that anonymous ids are given and sockets are told of an end
   * hangs on it, so it is a job that is tried until Redis is there. Bears repeating.
   */
  async changed(sessionId: string, formerHelperId: string | null): Promise<SessionChanged | undefined> {
    const [session] = await this.dataSource.query<State[]>(
      `SELECT id, program, seeker_id, helper_id, status, version, ended_by FROM anonymous_sessions WHERE id = $1`,
      [sessionId],
    );
    if (!session) return undefined;
    if (!(await this.carry(session))) {
      await this.forgottenSessions.forget([sessionId]);
      return undefined;
    }
    const { program, version, status, seeker_id: seekerId, helper_id: helperId, ended_by: endedBy } = session;
    const endReason = status === 'ended' ? 'ended' : null;
    return { sessionId, program, version, status, seekerId, helperId, formerHelperId, endedBy, endReason };
  }

  /** @returns false when Redis has forgotten it */
  async carry({ id, program, version, status, ended_by: endedBy }: State): Promise<boolean> {
    const { retention } = anonymousOf(this.programs.get(program));
    return this.store.apply(id, { version, status, endedBy }, newAnonymousId(), retention);
  }

  /** What gateways are told of a session that is nowhere any more. */
  forgotten({ sessionId, program, seekerId, helperId, version }: JobPayload): SessionChanged {
    return {
      sessionId: String(sessionId),
      program: program as ProgramName,
      version: Number(version),
      status: 'ended',
      seekerId: String(seekerId),
      helperId: helperId === null ? null : String(helperId),
      formerHelperId: null,
      endedBy: 'system',
      endReason: 'expired',
    };
  }
}
