import { Controller, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { actorOf, CurrentPrincipal, type Principal } from '@kindline/auth';
import {
  KindlineError,
  SUPERVISING_ROLES,
  testedVolunteerNotification,
  testVolunteerNotification,
} from '@kindline/contracts';
import { maskToken, Notifications, type Program, Programs, PushTokens } from '@kindline/domain';
import { Endpoint, Input } from '@kindline/platform';
import type { z } from 'zod';
import { ActingPerson } from './acting-person';

@ApiTags('better_together')
@Controller('test_volunteer_notification')
export class TestNotificationController {
  private readonly program: Program;

  constructor(
    private readonly notifications: Notifications,
    private readonly tokens: PushTokens,
    private readonly acting: ActingPerson,
    programs: Programs,
  ) {
    this.program = programs.get('better_together');
  }

  @Post()
  @Endpoint({
    summary: "Push a test notification to a volunteer's devices",
    access: { roles: ['volunteer', ...SUPERVISING_ROLES], service: true },
    body: testVolunteerNotification,
    response: testedVolunteerNotification,
    errors: ['not_found'],
  })
  async test(
    @Input() { email }: z.output<typeof testVolunteerNotification>,
    @CurrentPrincipal() principal: Principal,
  ): Promise<z.infer<typeof testedVolunteerNotification>> {
    const supervises = principal.person?.roles.some((role) => SUPERVISING_ROLES.includes(role));
    const volunteer = supervises
      ? await this.acting.other(email)
      : await this.acting.own(principal, email, ['volunteer'], 'test notification');
    if (!volunteer.roles.includes('volunteer'))
      throw new KindlineError('not_found', 'There is no such volunteer');
    const token = await this.tokens.newestOf(volunteer.id);
    if (token === undefined) {
      return { success: false, message: 'This volunteer has no device registered', token: null };
    }
    await this.notifications.test(this.program, volunteer.id, supervises ? actorOf(principal) : undefined);
    return { success: true, message: 'Test notification sent', token: maskToken(token) };
  }
}
