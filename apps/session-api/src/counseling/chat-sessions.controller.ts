import { Controller, Get, HttpStatus, Post, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { CurrentPerson, type Person } from '@kindline/auth';
import {
  chatSessionList,
  chatSummary,
  type ChatSummary,
  endChatSession,
  endedSession,
  id,
  KindlineError,
  requestedSession,
  type RequestedSession,
  requestSession,
} from '@kindline/contracts';
import { AnonymousSessions, type Program, Programs, seatOf } from '@kindline/domain';
import { Endpoint, Input, PathInput } from '@kindline/platform';
import type { Response } from 'express';
import { z } from 'zod';
import { SessionSummaries } from './session-summaries';
import { SessionViews } from './session-views';

const params = z.strictObject({ id });
type Params = z.output<typeof params>;

/** Anonymous counselling. */
@ApiTags('counseling')
@Controller('api/chat')
export class ChatSessionsController {
  private readonly program: Program;

  constructor(
    private readonly sessions: AnonymousSessions,
    private readonly views: SessionViews,
    private readonly summaries: SessionSummaries,
    programs: Programs,
  ) {
    this.program = programs.get('counseling');
  }

  @Post('request-session')
  @Endpoint({
    summary:
      'Ask for a counsellor: given to one at once, or queued; 200 with the open session if there is one',
    access: { roles: ['student'], service: true },
    body: requestSession,
    response: requestedSession,
    status: 201,
    alsoStatus: HttpStatus.OK,
  })
  async request(
    @CurrentPerson() person: Person,
    @Input() { topic }: z.output<typeof requestSession>,
    @Res({ passthrough: true }) response: Response,
  ): Promise<RequestedSession> {
    const { session, context, created } = await this.sessions.request(this.program, person.id, topic ?? null);
    if (!created) response.status(HttpStatus.OK);
    return this.views.requested(session, context);
  }

  @Get('sessions')
  @Endpoint({
    summary: 'My open sessions, each with a fresh chat token',
    access: { roles: ['student', 'counselor'], service: true },
    response: chatSessionList,
  })
  async mine(@CurrentPerson() person: Person): Promise<z.infer<typeof chatSessionList>> {
    return { sessions: await this.views.openFor(this.program, person.id) };
  }

  @Get('sessions/:id/summary')
  @Endpoint({
    summary: 'What was said, in short, for its counsellor; written by the configured model, else locally',
    access: { roles: ['counselor'], service: true },
    params,
    response: chatSummary,
    errors: ['not_found'],
  })
  async summary(
    @CurrentPerson() person: Person,
    @PathInput() { id: sessionId }: Params,
  ): Promise<ChatSummary> {
    return this.summaries.of(sessionId, person.id);
  }

  @Post('sessions/:id/end')
  @Endpoint({
    summary: 'End a session, for its student or its counsellor; repeating it changes nothing',
    access: { roles: ['student', 'counselor'], service: true },
    params,
    body: endChatSession,
    response: endedSession,
    errors: ['not_found', 'conflict'],
  })
  async end(
    @CurrentPerson() person: Person,
    @PathInput() { id: sessionId }: Params,
    @Input() _nothing: z.output<typeof endChatSession>,
  ): Promise<z.infer<typeof endedSession>> {
    const session = await this.sessions.require(sessionId);
    const side = seatOf(session, person.id);
    const { seekerRoles, helperRole } = this.program;
    const roles = side === 'seeker' ? seekerRoles : [helperRole];
    if (!side || !roles.some((role) => person.roles.includes(role)))
      throw new KindlineError('forbidden', 'This session is not yours');
    await this.sessions.end(session.id, side, side === 'helper' ? session.version : undefined);
    return { sessionId: session.id, status: 'ended' };
  }
}
