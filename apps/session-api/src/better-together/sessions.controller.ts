import { Controller, Get, Patch } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal, type Principal } from '@kindline/auth';
import {
  id,
  KindlineError,
  patchSession,
  sessionView,
  type SessionView,
  SUPERVISING_ROLES,
} from '@kindline/contracts';
import { type RequestState, RequestStates } from '@kindline/domain';
import { Endpoint, Input, PathInput } from '@kindline/platform';
import { z } from 'zod';
import { supervises } from '../supervises';
import { toSessionView } from './session-view';

const params = z.strictObject({ id });

/** A request or conversation in the shape of the source system's collections. */
@ApiTags('better_together')
@Controller('sessions')
export class SessionsController {
  constructor(private readonly states: RequestStates) {}

  @Get(':id')
  @Endpoint({
    summary: "A request or conversation, by either's id",
    access: { service: true },
    params,
    response: sessionView,
    errors: ['not_found'],
  })
  async one(
    @PathInput() { id: either }: z.output<typeof params>,
    @CurrentPrincipal() principal: Principal,
  ): Promise<SessionView> {
    const state = await this.find(either);
    const personId = principal.person?.id;
    const supervising = supervises(principal);
    if (!supervising && personId !== state.seeker_id && personId !== state.helper_id) {
      throw new KindlineError('forbidden', 'You do not belong to this session');
    }
    return toSessionView(state, supervising);
  }

  @Patch(':id')
  @Endpoint({
    summary: "The volunteer's remarks",
    access: { roles: ['volunteer', ...SUPERVISING_ROLES], service: true },
    params,
    body: patchSession,
    response: sessionView,
    errors: ['not_found', 'conflict'],
  })
  async patch(
    @PathInput() { id: either }: z.output<typeof params>,
    @Input() { chat_tags, flag_reason }: z.output<typeof patchSession>,
    @CurrentPrincipal() principal: Principal,
  ): Promise<SessionView> {
    const state = await this.find(either);
    const supervising = supervises(principal);
    if (!supervising && principal.person?.id !== state.helper_id) {
      throw new KindlineError('forbidden', 'Only its volunteer may remark on a session');
    }
    if (!state.conversation_id) throw new KindlineError('conflict', 'Nobody has accepted this request yet');
    await this.states.remark(state.conversation_id, {
      ...(chat_tags === undefined ? {} : { tags: chat_tags }),
      ...(flag_reason === undefined ? {} : { flagReason: flag_reason }),
    });
    return toSessionView(await this.find(either), supervising);
  }

  private async find(either: string): Promise<RequestState> {
    const state = await this.states.byEitherId(either);
    if (state.program !== 'better_together') throw new KindlineError('not_found', 'There is no such session');
    return state;
  }
}
