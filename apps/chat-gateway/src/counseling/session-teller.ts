import { Injectable } from '@nestjs/common';
import { ChatTokens } from '@kindline/auth';
import type { CounselingServerEvents, Role, SessionChanged } from '@kindline/contracts';
import { AnonymousSessions, Programs, type SessionContext, SessionStore } from '@kindline/domain';
import { Connections, type PersonSocket } from '../sockets/connections';
import { ChatRooms } from './chat-rooms';
import { ENDED_BY } from './seat';

/** Whom a session is given to, and in which version: the anonymous ids of another version are somebody else's. */
type Given = Pick<SessionChanged, 'sessionId' | 'version' | 'seekerId'> & { helperId: string | null };

/** Tells accounts on the default namespace what became of their sessions. Tokens are made when they are shown. */
@Injectable()
export class SessionTeller {
  constructor(
    private readonly store: SessionStore,
    private readonly sessions: AnonymousSessions,
    private readonly connections: Connections,
    private readonly rooms: ChatRooms,
    private readonly tokens: ChatTokens,
    private readonly programs: Programs,
  ) {}

  /** A change that was announced. */
  async changed(news: SessionChanged): Promise<void> {
    const { sessionId, status, seekerId, helperId } = news;
    if (status === 'active') return this.assigned(news);
    if (status === 'queued') return;
    const endedBy = ENDED_BY[news.endedBy ?? 'system'];
    const end = { sessionId, endedBy, reason: news.endReason ?? 'ended' };
    for (const [personId, roles] of this.sidesOf(news.program, seekerId, helperId)) {
      for (const role of roles) {
        this.connections.emitInRole<CounselingServerEvents, 'session_ended'>(
          role,
          [personId],
          'session_ended',
          end,
        );
      }
    }
    // Where Redis has forgotten it nothing came over its own channel.
    await this.rooms.compare([sessionId]);
  }

  /** Their open sessions, for somebody who has just come. */
  async greet(own: PersonSocket): Promise<void> {
    const program = this.programs.get('counseling');
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

  private async assigned({
    sessionId,
    version,
    seekerId,
    helperId,
    program,
  }: Given & SessionChanged): Promise<void> {
    const { seekerRoles, helperRole } = this.programs.get(program);
    const here = [seekerId, helperId].some((id) => id !== null && this.connections.has(id));
    if (!here || helperId === null) return;
    const context = await this.contextOf({ sessionId, version });
    if (!context) return;
    const [seekers, helpers] = [
      await this.forSeeker(sessionId, context),
      await this.forHelper(sessionId, context),
    ];
    for (const role of seekerRoles) this.emitAssigned(role, seekerId, seekers);
    if (helpers) this.emitAssigned(helperRole, helperId, helpers);
  }

  private emitAssigned(
    role: Role,
    personId: string,
    assigned: Parameters<CounselingServerEvents['counseling:assigned']>[0],
  ): void {
    this.connections.emitInRole<CounselingServerEvents, 'counseling:assigned'>(
      role,
      [personId],
      'counseling:assigned',
      assigned,
    );
  }

  /** Undefined when Redis has another version by now: whom that concerns is told by its own announcement. */
  private async contextOf({
    sessionId,
    version,
  }: Pick<Given, 'sessionId' | 'version'>): Promise<SessionContext | undefined> {
    const context = await this.store.context(sessionId);
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

  private *sidesOf(
    program: SessionChanged['program'],
    seekerId: string,
    helperId: string | null,
  ): Iterable<[string, readonly Role[]]> {
    const { seekerRoles, helperRole } = this.programs.get(program);
    yield [seekerId, seekerRoles];
    if (helperId !== null) yield [helperId, [helperRole]];
  }
}
