import { Injectable, Logger } from '@nestjs/common';
import {
  chatEnd,
  type CompanionServerEvents,
  KindlineError,
  messageRead,
  messageSend,
  messageTyping,
  ofSenior,
  type Role,
  SEEKER_ROLES,
  seekerRequest,
  volunteerAnswer,
} from '@kindline/contracts';
import {
  Acceptance,
  Conversations,
  MessageIntake,
  OnlineHelpers,
  PeopleDirectory,
  type Program,
  Programs,
  RequestPendingError,
  Requests,
  RequestStates,
} from '@kindline/domain';
import { Signs } from '../delivery/signs';
import { clientEvent, type Dialect } from '../sockets/client-event';
import type { PersonSocket } from '../sockets/connections';
import { HelpersHere } from '../sockets/helpers-here';
import { requestStatus } from './request-status';

const PROGRAM = 'companion';
const EITHER: readonly Role[] = [...SEEKER_ROLES, 'volunteer'];

/** The companion program's client events, translated into the domain's words. */
@Injectable()
export class CompanionDialect implements Dialect {
  private readonly logger = new Logger(CompanionDialect.name);
  private readonly program: Program;

  constructor(
    private readonly requests: Requests,
    private readonly acceptance: Acceptance,
    private readonly states: RequestStates,
    private readonly conversations: Conversations,
    private readonly people: PeopleDirectory,
    private readonly online: OnlineHelpers,
    private readonly helpers: HelpersHere,
    private readonly intake: MessageIntake,
    private readonly signs: Signs,
    programs: Programs,
  ) {
    this.program = programs.get(PROGRAM);
  }

  readonly events = [
    clientEvent({
      name: 'seeker:request',
      roles: SEEKER_ROLES,
      payload: seekerRequest,
      limit: 'requests',
      inTurn: true,
      handle: async (sender, { seniorId, requestType: type, note = null }) => {
        requireOwn(sender, seniorId);
        const { id } = sender.person;
        try {
          const online = await this.onlineFor(id);
          const { requestId, asked } = await this.requests.start(this.program, id, { type, note, online });
          return { requestId, notified: asked };
        } catch (error) {
          throw error instanceof RequestPendingError ? error.shownAs('requestId') : error;
        }
      },
    }),
    clientEvent({
      name: 'request:cancel',
      roles: SEEKER_ROLES,
      payload: ofSenior,
      limit: 'events',
      inTurn: true,
      handle: async (sender, { seniorId }) => {
        requireOwn(sender, seniorId);
        return { requestId: await this.requests.cancel(this.program, sender.person.id) };
      },
    }),
    clientEvent({
      name: 'request:status',
      roles: SEEKER_ROLES,
      payload: ofSenior,
      limit: 'events',
      inTurn: true,
      handle: async (sender, { seniorId }) => {
        requireOwn(sender, seniorId);
        const state = requestStatus(await this.states.newestOf(PROGRAM, sender.person.id));
        sender.socket.emit('request:status:response' satisfies keyof CompanionServerEvents, state);
        return state;
      },
    }),
    clientEvent({
      name: 'volunteer:accept',
      roles: ['volunteer'],
      payload: volunteerAnswer,
      limit: 'events',
      inTurn: true,
      handle: async (sender, { seniorId, volunteerId }) => {
        requireOwn(sender, volunteerId);
        const senior = await this.idOf(seniorId);
        return { conversationId: await this.acceptance.accept(this.program, senior, sender.person.id) };
      },
    }),
    clientEvent({
      name: 'volunteer:reject',
      roles: ['volunteer'],
      payload: volunteerAnswer,
      limit: 'events',
      inTurn: true,
      handle: async (sender, { seniorId, volunteerId }) => {
        requireOwn(sender, volunteerId);
        await this.requests.reject(this.program, await this.idOf(seniorId), sender.person.id);
      },
    }),
    clientEvent({
      name: 'message:send',
      roles: EITHER,
      payload: messageSend,
      limit: 'messages',
      handle: async (sender, { conversationId, senderId, content, type, replyTo = null, clientId }) => {
        requireOwn(sender, senderId);
        const { person, id: socketId } = sender;
        const { id, seq, createdAt, duplicate } = await this.intake.append({
          program: PROGRAM,
          conversationId,
          senderId: person.id,
          senderSub: person.sub,
          senderEmail: person.email,
          clientId,
          type,
          content,
          replyTo,
          socketId,
        });
        return { id, seq, created_at: createdAt.toISOString(), duplicate };
      },
    }),
    clientEvent({
      name: 'message:read',
      roles: EITHER,
      payload: messageRead,
      limit: 'messages',
      handle: (sender, { conversationId, seq }) => this.signs.read(sender, PROGRAM, conversationId, seq),
    }),
    clientEvent({
      name: 'message:typing',
      roles: EITHER,
      payload: messageTyping,
      limit: 'typing',
      handle: (sender, { conversationId, on }) => this.signs.typing(sender, PROGRAM, conversationId, on),
    }),
    clientEvent({
      name: 'chat:end',
      roles: EITHER,
      payload: chatEnd,
      limit: 'events',
      inTurn: true,
      handle: async (sender, { conversationId, userId }) => {
        requireOwn(sender, userId);
        await this.conversations.endByMember(conversationId, sender.person.id, undefined, PROGRAM);
      },
    }),
  ];

  private async onlineFor(seekerId: string): Promise<number> {
    try {
      return (await this.online.of(this.program, seekerId)).length;
    } catch (err) {
      // The request matters more than how many hear of it at once.
      this.logger.warn({ err }, 'presence is out of reach; only the helpers here are counted');
      return this.helpers.of(PROGRAM).filter((id) => id !== seekerId).length;
    }
  }

  /** @throws not_found */
  private async idOf(seniorId: string): Promise<string> {
    const senior = await this.people.findBySub(seniorId);
    if (!senior) throw new KindlineError('not_found', 'There is no such senior');
    return senior.id;
  }
}

function requireOwn({ person }: PersonSocket, sub: string): void {
  if (person.sub !== sub) throw new KindlineError('forbidden', 'This id is not the one of your token');
}
