import { Injectable } from '@nestjs/common';
import type { ProgramName } from '@kindline/contracts';
import { DataSource } from 'typeorm';
import { CallTimerTasks } from '../calls/call-timer-tasks';
import { ConversationTimerTasks } from '../conversations/conversation-timer-tasks';
import { Programs } from '../programs/programs';
import type { Program } from '../programs/program';
import { Requests } from '../requests/requests';
import type { TaskHandlers } from './job-worker';

/** Every durable timer by its task name. A new timer is its handler and one line here. */
@Injectable()
export class TimerTasks {
  constructor(
    private readonly dataSource: DataSource,
    private readonly programs: Programs,
    private readonly requests: Requests,
    private readonly conversations: ConversationTimerTasks,
    private readonly calls: CallTimerTasks,
  ) {}

  readonly tasks: TaskHandlers = {
    'request.expire': ({ requestId }) => this.requests.expire(String(requestId)),
    'request.reinvite': ({ requestId, round }) =>
      this.withProgram(String(requestId), (program) =>
        this.requests.reinvite(program, String(requestId), Number(round)),
      ),
    'request.escalate': ({ requestId }) =>
      this.withProgram(String(requestId), (program) => this.requests.escalate(program, String(requestId))),
    'requests.unasked': ({ program }) =>
      this.requests.reinviteUnasked(this.programs.get(program as ProgramName)),
    'conversation.unopened': ({ conversationId, stage }) =>
      this.conversations.unopened(String(conversationId), Number(stage)),
    'conversation.silence': ({ conversationId }) => this.conversations.silence(String(conversationId)),
    'call.ring': ({ callId }) => this.calls.ring(String(callId)),
    'call.end': ({ callId }) => this.calls.end(String(callId)),
    'call.lost': ({ callId, side, lostAt }) =>
      this.calls.lost(String(callId), side === 'caller' ? 'caller' : 'callee', new Date(String(lostAt))),
  };

  private async withProgram(requestId: string, work: (program: Program) => Promise<void>): Promise<void> {
    const [request] = await this.dataSource.query<{ program: ProgramName }[]>(
      `SELECT program FROM help_requests WHERE id = $1`,
      [requestId],
    );
    if (request) await work(this.programs.get(request.program));
  }
}
