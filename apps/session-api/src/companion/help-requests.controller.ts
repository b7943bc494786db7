import { Controller, Get, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { CurrentPerson, CurrentPrincipal, type Person, type Principal } from '@kindline/auth';
import {
  helpRequestView,
  type HelpRequestView,
  id,
  KindlineError,
  rateHelpRequest,
  SEEKER_ROLES,
} from '@kindline/contracts';
import { Feedback, type RequestState, RequestStates } from '@kindline/domain';
import { Endpoint, Input, PathInput } from '@kindline/platform';
import { z } from 'zod';
import { supervises } from '../supervises';
import { toHelpRequestView } from './help-request-view';

const params = z.strictObject({ id });
type Params = z.output<typeof params>;

/** Requests of the companion program. */
@ApiTags('companion')
@Controller('api/help-requests')
export class HelpRequestsController {
  constructor(
    private readonly states: RequestStates,
    private readonly feedback: Feedback,
  ) {}

  @Get(':id')
  @Endpoint({
    summary: 'A help request, for its two people and supervisors',
    access: { service: true },
    params,
    response: helpRequestView,
    errors: ['not_found'],
  })
  async one(
    @PathInput() { id: requestId }: Params,
    @CurrentPrincipal() principal: Principal,
  ): Promise<HelpRequestView> {
    const state = await this.find(requestId);
    const personId = principal.person?.id;
    if (!supervises(principal) && personId !== state.seeker_id && personId !== state.helper_id) {
      throw new KindlineError('forbidden', 'This request is not yours');
    }
    return toHelpRequestView(state);
  }

  @Post(':id/rating')
  @Endpoint({
    summary: "The senior's judgement of the conversation it became, once",
    access: { roles: SEEKER_ROLES, service: true },
    params,
    body: rateHelpRequest,
    response: helpRequestView,
    status: 201,
    errors: ['not_found', 'conflict', 'feedback_already_given'],
  })
  async rate(
    @CurrentPerson() person: Person,
    @PathInput() { id: requestId }: Params,
    @Input() { rating, feedback }: z.output<typeof rateHelpRequest>,
  ): Promise<HelpRequestView> {
    const state = await this.find(requestId);
    if (state.seeker_id !== person.id) throw new KindlineError('forbidden', 'This request is not yours');
    if (!state.conversation_id) throw new KindlineError('conflict', 'Nobody has accepted this request');
    await this.feedback.give(state.conversation_id, person.id, { rating, comment: feedback });
    return toHelpRequestView(await this.find(requestId));
  }

  private async find(requestId: string): Promise<RequestState> {
    const state = await this.states.byEitherId(requestId);
    if (state.program !== 'companion' || state.request_id !== requestId.toLowerCase())
      throw new KindlineError('not_found', 'There is no such request');
    return state;
  }
}
