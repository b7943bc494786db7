import { Controller, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal, type Principal } from '@kindline/auth';
import {
  acceptChatRequest,
  acceptedChatRequest,
  cancelChatRequest,
  cancelledChatRequest,
  SEEKER_ROLES,
  startChatSession,
  startedChatSession,
} from '@kindline/contracts';
import { Acceptance, type Program, Programs, RequestPendingError, Requests } from '@kindline/domain';
import { Endpoint, Input } from '@kindline/platform';
import type { z } from 'zod';
import { ActingPerson } from './acting-person';

@ApiTags('better_together')
@Controller()
export class ChatRequestsController {
  private readonly program: Program;

  constructor(
    private readonly requests: Requests,
    private readonly acceptance: Acceptance,
    private readonly acting: ActingPerson,
    programs: Programs,
  ) {
    this.program = programs.get('better_together');
  }

  @Post('start_chat_session')
  @Endpoint({
    summary: 'Ask for someone to talk to',
    access: { roles: SEEKER_ROLES, service: true },
    body: startChatSession,
    response: startedChatSession,
    status: 201,
    errors: ['request_already_pending', 'not_found'],
  })
  async start(
    @Input() input: z.output<typeof startChatSession>,
    @CurrentPrincipal() principal: Principal,
  ): Promise<z.infer<typeof startedChatSession>> {
    const seeker = await this.acting.own(principal, input.user_email, SEEKER_ROLES, 'start chat session');
    try {
      const { requestId, asked } = await this.requests.start(this.program, seeker.id, {
        type: input.conversation_type,
        note: input.i_need_message,
      });
      return { message: 'Request Successful', session_id: requestId, volunteers_notified: asked };
    } catch (error) {
      throw error instanceof RequestPendingError ? error.shownAs('session_id') : error;
    }
  }

  @Post('accept_chat_request')
  @Endpoint({
    summary: "Accept a user's request; the first one wins",
    access: { roles: ['volunteer'], service: true },
    body: acceptChatRequest,
    response: acceptedChatRequest,
    status: 201,
    errors: ['already_accepted', 'at_capacity', 'not_invited', 'not_found'],
  })
  async accept(
    @Input() input: z.output<typeof acceptChatRequest>,
    @CurrentPrincipal() principal: Principal,
  ): Promise<z.infer<typeof acceptedChatRequest>> {
    const helper = await this.acting.own(
      principal,
      input.volunteer_email,
      ['volunteer'],
      'accept chat request',
    );
    const seeker = await this.acting.other(input.user_email);
    const conversationId = await this.acceptance.accept(this.program, seeker.id, helper.id);
    return { message: 'Chat accepted!', chat_id: conversationId };
  }

  @Post('cancel_chat_request')
  @Endpoint({
    summary: 'Take back a pending request',
    access: { roles: SEEKER_ROLES, service: true },
    body: cancelChatRequest,
    response: cancelledChatRequest,
    errors: ['not_found'],
  })
  async cancel(
    @Input() input: z.output<typeof cancelChatRequest>,
    @CurrentPrincipal() principal: Principal,
  ): Promise<z.infer<typeof cancelledChatRequest>> {
    const seeker = await this.acting.own(principal, input.user_email, SEEKER_ROLES, 'cancel chat request');
    const requestId = await this.requests.cancel(this.program, seeker.id);
    return { message: 'Request cancelled', session_id: requestId };
  }
}
