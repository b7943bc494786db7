import { Inject, Injectable } from '@nestjs/common';
import { ChatTokens } from '@kindline/auth';
import type { ChatSessionView, RequestedSession } from '@kindline/contracts';
import {
  type AnonymousSession,
  anonymousOf,
  AnonymousSessions,
  ForgottenSessions,
  type Program,
  seatOf,
  SessionAnnouncements,
  type SessionContext,
  SessionStore,
} from '@kindline/domain';
import { chatServiceUrl, SESSION_API_ENV, type SessionApiEnv } from '../session-api-env';

/** Sessions as their people see them, with a token made for this answer. */
@Injectable()
export class SessionViews {
  private readonly url: string;

  constructor(
    private readonly sessions: AnonymousSessions,
    private readonly forgotten: ForgottenSessions,
    private readonly announcements: SessionAnnouncements,
    private readonly store: SessionStore,
    private readonly tokens: ChatTokens,
    @Inject(SESSION_API_ENV) env: SessionApiEnv,
  ) {
    this.url = chatServiceUrl(env);
  }

  /** For its seeker. */
  async requested(session: AnonymousSession, context: SessionContext): Promise<RequestedSession> {
    const { id: sessionId, position } = session;
    const anonymousId = context.seekerAnonymousId;
    return {
      sessionId,
      status: session.status === 'queued' ? 'queued' : 'active',
      ...(position === null ? {} : { position }),
      chatToken: await this.tokens.mint({ sessionId, anonymousId, role: 'student' }),
      chatServiceUrl: this.url,
    };
  }

  /** Somebody's own open ones; what Redis has forgotten is not among them any more. */
  async openFor(program: Program, personId: string): Promise<ChatSessionView[]> {
    const views: ChatSessionView[] = [];
    for (const session of await this.sessions.openFor(program, personId)) {
      const view = await this.view(program, session, personId);
      if (view) views.push(view);
    }
    return views;
  }

  private async view(
    program: Program,
    session: AnonymousSession,
    personId: string,
  ): Promise<ChatSessionView | undefined> {
    // It may have been given to them a moment ago, and not be carried to Redis yet.
    if (!(await this.announcements.carry(session))) {
      await this.forgotten.forget([session.id]);
      return undefined;
    }
    const context = await this.store.look(session.id);
    const seeks = seatOf(session, personId) === 'seeker';
    // Given to somebody else meanwhile: its anonymous ids are theirs.
    if (!context || (!seeks && context.version !== session.version)) return undefined;
    const { helperAnonymousId, seekerAnonymousId: studentAnonymousId, topic } = context;
    const common = {
      studentAnonymousId,
      topic,
      createdAt: session.created_at.toISOString(),
      forgottenAfterMs: anonymousOf(program).retention,
      forgottenAt: new Date(context.forgottenAt).toISOString(),
    };
    const requested = await this.requested(session, context);
    if (seeks) return { ...requested, ...common, role: 'student' };
    if (helperAnonymousId === null) return undefined;
    const seat = { sessionId: session.id, anonymousId: helperAnonymousId, role: 'counselor' } as const;
    return { ...requested, ...common, role: 'counselor', chatToken: await this.tokens.mint(seat) };
  }
}
