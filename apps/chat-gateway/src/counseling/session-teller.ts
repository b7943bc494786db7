import { Inject, Injectable } from '@nestjs/common';
import { ChatTokens } from '@kindline/auth';
import type { CounselingServerEvents, ProgramName, SessionChanged } from '@kindline/contracts';
import {
  AnonymousSessions,
  type GivenSession,
  type Program,
  Programs,
  type SessionContext,
  SessionStore,
  type Side,
} from '@kindline/domain';
import { CLOCK, type Clock } from '@kindline/platform';
import { Connections, type PersonSocket } from '../sockets/connections';
import { ChatRooms } from './chat-rooms';
import { ENDED_BY } from './seat';

/** News of this long ago may still be under way. */
const LATE_MS = 60_000;

/** Tells accounts on the default namespace what became of their sessions. Tokens are made when they are shown. */
@Injectable()
export class SessionTeller {
  /** Under which name its helper has a session, as its people here were told: each giving has its own. */
  private readonly told = new Map<string, string>();
  private lookedAt: Date;

  constructor(
    private readonly store: SessionStore,
    private readonly sessions: AnonymousSessions,
    private readonly connections: Connections,
    private readonly rooms: ChatRooms,
    private readonly tokens: ChatTokens,
    private readonly programs: Programs,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.lookedAt = clock.now();
  }

  /** A change that was announced. */
  async changed(news: SessionChanged): Promise<void> {
    const { sessionId, status, seekerId, helperId, formerHelperId, program } = news;
    if (formerHelperId !== null) {
      const lost = { sessionId, endedBy: 'system', reason: 'counselor_lost' } as const;
      this.tell(program, 'helper', formerHelperId, 'session_ended', lost);
    }
    if (status === 'active' && helperId !== null) await this.assigned({ ...news, helperId });
    if (status !== 'ended') return;
    const end = { sessionId, endedBy: ENDED_BY[news.endedBy ?? 'system'], reason: news.endReason ?? 'ended' };
    this.tell(program, 'seeker', seekerId, 'session_ended', end);
    if (helperId !== null) this.tell(program, 'helper', helperId, 'session_ended', end);
    // Where Redis has forgotten it nothing came over its own channel.
    await this.rooms.compare([sessionId]);
  }

  /** Sessions that were given lately, and whose people here have not been told: the news of it are lost. */
  async catchUp({ name }: Program): Promise<void> {
    const now = this.clock.now();
    const given = await this.sessions.givenSince(name, new Date(this.lookedAt.getTime() - LATE_MS));
    for (const session of given) await this.assigned(session);
    const lately = new Set(given.map(({ sessionId }) => sessionId));
    for (const sessionId of this.told.keys()) if (!lately.has(sessionId)) this.told.delete(sessionId);
    this.lookedAt = now;
  }

  /** Their open sessions, for somebody who has just come. */
  async greet(program: Program, own: PersonSocket): Promise<void> {
    const { person, socket } = own;
    const seeks = program.seekerRoles.some((role) => person.roles.includes(role));
    const helps = person.roles.includes(program.helperRole);
    if (!seeks && !helps) return;
    for (const session of await this.sessions.openFor(program, person.id)) {
      const { id: sessionId, version, seeker_id: seekerId, position } = session;
      const mine = seekerId === person.id;
      if (mine && seeks && position !== null) socket.emit('counseling:queue', { sessionId, position });
      if (session.status !== 'active' || !(mine ? seeks : helps)) continue;
      const context = await this.contextOf({ sessionId, version });
      if (!context) continue;
      const assigned = mine
        ? await this.forSeeker(sessionId, context)
        : await this.forHelper(sessionId, context);
      if (assigned) socket.emit('counseling:assigned', assigned);
    }
  }

  private async assigned({ sessionId, version, seekerId, helperId, program }: GivenSession): Promise<void> {
    if (![seekerId, helperId].some((id) => this.connections.has(id))) return;
    const context = await this.contextOf({ sessionId, version });
    if (!context?.helperAnonymousId || this.told.get(sessionId) === context.helperAnonymousId) return;
    this.told.set(sessionId, context.helperAnonymousId);
    const [forSeeker, forHelper] = [
      await this.forSeeker(sessionId, context),
      await this.forHelper(sessionId, context),
    ];
    this.tell(program, 'seeker', seekerId, 'counseling:assigned', forSeeker);
    if (forHelper) this.tell(program, 'helper', helperId, 'counseling:assigned', forHelper);
  }

  /** On those sockets whose token has the side's role. */
  private tell<Name extends keyof CounselingServerEvents>(
    name: ProgramName,
    side: Side,
    personId: string,
    event: Name,
    ...payload: Parameters<CounselingServerEvents[Name]>
  ): void {
    const { seekerRoles, helperRole } = this.programs.get(name);
    for (const role of side === 'seeker' ? seekerRoles : [helperRole])
      this.connections.emitInRole<CounselingServerEvents, Name>(role, [personId], event, ...payload);
  }

  /** Undefined when Redis has another version by now: whom that concerns is told by its own announcement. */
  private async contextOf({
    sessionId,
    version,
  }: Pick<GivenSession, 'sessionId' | 'version'>): Promise<SessionContext | undefined> {
    const context = await this.store.look(sessionId);
    return context?.version === version && context.status === 'active' ? context : undefined;
  }

  private async forSeeker(sessionId: string, { seekerAnonymousId: anonymousId }: SessionContext) {
    return { sessionId, chatToken: await this.tokens.mint({ sessionId, anonymousId, role: 'student' }) };
  }

  private async forHelper(sessionId: string, context: SessionContext) {
    const { helperAnonymousId: anonymousId, seekerAnonymousId: studentAnonymousId, topic } = context;
    if (anonymousId === null) return undefined;
    const chatToken = await this.tokens.mint({ sessionId, anonymousId, role: 'counselor' });
    return { sessionId, chatToken, studentAnonymousId, topic };
  }
}
